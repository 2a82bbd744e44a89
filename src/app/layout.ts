import type { AppState } from './state.ts';
import { screenOf } from './views/registry.ts';
import type { ViewId } from './views/view.ts';

export interface PaneBox {
  readonly view: ViewId;
  /** Its place among the panes of the screen: what the focus counts. */
  readonly index: number;
  readonly width: number;
  readonly height: number;
}

/** The parts of the screen, top to bottom; their heights add up to the height of the terminal. */
export interface Layout {
  readonly header: number;
  readonly tabs: number;
  readonly sparklines: number;
  /** Rows of panes; those of one row stand side by side with one column between them. */
  readonly panes: readonly (readonly PaneBox[])[];
  readonly body: number;
  readonly footer: 1;
}

const WIDE = 110;
const TALL = 20;
/** Heights that panes want on a screen of several, in the order of the registry; the last one takes the rest. */
const LEAST = 3;

/** Cuts the terminal into its parts. */
export function layoutOf({ size, screen }: Pick<AppState, 'size' | 'screen'>): Layout {
  const { columns, rows } = size;
  const header = rows >= TALL ? 2 : 1;
  const tabs = rows >= TALL ? 1 : 0;
  const body = Math.max(0, rows - header - tabs - 1);
  const overview = screen === 'overview';
  const sparklines = !overview ? 0 : body >= 30 ? 3 : 1;
  const { panes } = screenOf(screen);
  const room = body - sparklines;
  const wide = overview && columns >= WIDE;
  const groups: ViewId[][] = wide ? [panes.slice(0, 2), panes.slice(2)] : panes.map((view) => [view]);
  const heights = share(room, groups.length, wide ? 0.6 : overview ? 0.34 : undefined);
  let index = 0;
  const placed = groups.map((group, g) => {
    const left = Math.ceil((columns - 1) / 2);
    return group.map((view, at): PaneBox => {
      const width = group.length === 1 ? columns : at === 0 ? left : columns - 1 - left;
      return { view, index: index++, width, height: heights[g] ?? 0 };
    });
  });
  return { header, tabs, sparklines, panes: placed, body, footer: 1 };
}

/** Splits the rows; the first pane gets at least its share, the others the rest evenly. */
function share(rows: number, count: number, first?: number): number[] {
  if (count === 1) return [rows];
  const head = first === undefined ? Math.floor(rows / count) : Math.max(LEAST, Math.floor(rows * first));
  const rest = rows - head;
  const each = Math.floor(rest / (count - 1));
  return [
    head,
    ...Array.from({ length: count - 1 }, (_, i) => (i === count - 2 ? rest - each * (count - 2) : each)),
  ];
}

/** The box of the pane that keys go to. */
export function focusedBox(state: AppState): PaneBox | undefined {
  return layoutOf(state)
    .panes.flat()
    .find((box) => box.index === state.pane);
}
