import type { AppState } from '../core/state.ts';
import type { AnyView } from '../core/view.ts';
import { screenOf } from '../views/registry.ts';

export interface PaneBox {
  readonly view: AnyView;
  /** Its place among the panes of the screen: what the focus counts. */
  readonly index: number;
  readonly width: number;
  readonly height: number;
}

/** The parts of the screen, top to bottom; their heights add up to the height of the terminal. */
export interface Layout {
  readonly header: number;
  readonly tabs: number;
  /** What would help, where something is wrong on the screen. */
  readonly verdict: number;
  readonly sparklines: number;
  /** Rows of panes; those of one row stand side by side with one column between them. */
  readonly panes: readonly (readonly PaneBox[])[];
  readonly body: number;
  readonly footer: 1;
}

const WIDE = 110;
const TALL = 20;
const LEAST = 3;
/** Two by two: what happens now gets more than what grows slowly. */
const WIDE_WEIGHTS = [3, 2];

/** Cuts the terminal into its parts. */
export function layoutOf({ size, screen }: Pick<AppState, 'size' | 'screen'>, verdict = 0): Layout {
  const { columns, rows } = size;
  const header = rows >= TALL ? 2 : 1;
  const tabs = rows >= TALL ? 1 : 0;
  const body = Math.max(0, rows - header - tabs - 1);
  const { panes, weights, dashboard = false } = screenOf(screen);
  const sparklines = !dashboard ? 0 : body >= 30 ? 3 : 1;
  const room = body - sparklines - verdict;
  const wide = dashboard && columns >= WIDE;
  const groups: AnyView[][] = wide ? [panes.slice(0, 2), panes.slice(2)] : panes.map((view) => [view]);
  const heights = share(room, wide ? WIDE_WEIGHTS : groups.map((_, g) => weights?.[g] ?? 1));
  let index = 0;
  const placed = groups.map((group, g) => {
    const left = Math.ceil((columns - 1) / 2);
    return group.map((view, at): PaneBox => {
      const width = group.length === 1 ? columns : at === 0 ? left : columns - 1 - left;
      return { view, index: index++, width, height: heights[g] ?? 0 };
    });
  });
  return { header, tabs, verdict, sparklines, panes: placed, body, footer: 1 };
}

/** Splits the rows by weight; no pane is left without its title and two rows while there is room for that. */
function share(rows: number, weights: readonly number[]): number[] {
  const sum = weights.reduce((a, b) => a + b, 0);
  const least = Math.min(LEAST, Math.floor(rows / weights.length));
  const heights = weights.map((w) => Math.max(least, Math.floor((rows * w) / sum)));
  // what rounding left over goes to the first, what the least heights took too much comes from the last
  let left = rows - heights.reduce((a, b) => a + b, 0);
  for (let i = 0; left > 0; i = (i + 1) % heights.length, left--) heights[i] = (heights[i] ?? 0) + 1;
  for (let i = heights.length - 1; left < 0 && i >= 0; i--) {
    const give = Math.min(-left, Math.max(0, (heights[i] ?? 0) - least));
    heights[i] = (heights[i] ?? 0) - give;
    left += give;
  }
  return heights;
}
