import type { Line } from '../text/line.ts';
import { isBusy } from './busy.ts';
import type { Deck } from './core/deck.ts';
import type { AppState } from './core/state.ts';
import { MINIMUM } from './keymap.ts';
import { overlayLines } from './overlay.ts';
import { footerLine } from './screen/footer.ts';
import { headerLines, tabsLine } from './screen/header.ts';
import { layoutOf } from './screen/layout.ts';
import { sparklineLines } from './screen/sparklines.ts';
import { paneLines } from './screen/table.ts';
import { verdictHeight, verdictLines } from './screen/verdict.ts';
import { outcomeRows } from './signal/outcomes.ts';

/** Room that a spinner takes at the left of the footer while something is under way. */
export const BUSY_CELLS = 4;

/** A part of the screen that is made of finished rows: as many as its band is high, each as wide as the region. */
export interface Region {
  readonly id: string;
  readonly width: number;
  readonly lines: (deck: Deck) => readonly Line[];
}

/**
 * What lies across the screen, from its left edge to its right one. Regions stand side by side with one column between
 * them; the other kinds have tables in them, and are drawn piece by piece.
 */
export interface Band {
  readonly id: string;
  readonly height: number;
  readonly content: readonly Region[] | 'wizard' | 'outcomes';
}

/** What a frame is cut by: the same for most changes of the state. */
export interface FrameShape {
  readonly size: AppState['size'];
  readonly screen: AppState['screen'];
  /** What lies in the place of the panes. */
  readonly body: 'panes' | 'overlay' | 'wizard' | 'outcomes';
  /** Lines above the panes that say what would help. */
  readonly verdict: number;
}

/** The shape of the frame that a state is drawn in. */
export function shapeOf({ state, model }: Pick<Deck, 'state' | 'model'>): FrameShape {
  const { size, screen, overlay } = state;
  const shape = (body: FrameShape['body'], verdict = 0): FrameShape => ({ size, screen, body, verdict });
  if (overlay === undefined || overlay.kind === 'filter')
    return shape('panes', verdictHeight({ state, model }));
  if (overlay.kind === 'wizard') return shape('wizard');
  return shape(outcomeRows(state, layoutOf(state).body) === undefined ? 'overlay' : 'outcomes');
}

/** The terminal is too small for a frame. */
export function isTooSmall({ columns, rows }: AppState['size']): boolean {
  return columns < MINIMUM.columns || rows < MINIMUM.rows;
}

/**
 * The screen from top to bottom: header, tabs, panes or what lies over them, footer. The heights add up to that of the
 * terminal. The first frame and Ink are drawn from this.
 */
export function frameOf(shape: FrameShape): Band[] {
  const { columns, rows } = shape.size;
  const { header, tabs, verdict, sparklines, panes, body } = layoutOf(shape, shape.verdict);
  const whole = (id: string, height: number, lines: Region['lines']): Band => ({
    ...{ id, height },
    content: [{ id, width: columns, lines }],
  });
  const band = (kind: 'wizard' | 'outcomes'): Band => ({ id: kind, height: body, content: kind });
  const bodies: Record<FrameShape['body'], () => Band[]> = {
    wizard: () => [band('wizard')],
    outcomes: () => [band('outcomes')],
    overlay: () => [whole('overlay', body, (deck) => overlayLines(deck, { columns, rows: body }) ?? [])],
    panes: () => [
      whole('verdict', verdict, (deck) => verdictLines(deck, columns)),
      whole('sparklines', sparklines, (deck) => sparklineLines(deck, columns, sparklines)),
      ...panes.map((group): Band => {
        const id = group.map(({ view }) => view.id).join();
        return {
          ...{ id, height: group[0]?.height ?? 0 },
          content: group.map((box) => ({
            ...{ id: box.view.id, width: box.width },
            lines: (deck) => paneLines(deck, box),
          })),
        };
      }),
    ],
  };
  return [
    whole('header', header, (deck) => headerLines(deck, columns, header)),
    whole('tabs', tabs, (deck) => [tabsLine(deck, columns)]),
    ...bodies[shape.body](),
    whole('footer', 1, (deck) => [footerLine(deck, columns - (isBusy(deck.state) ? BUSY_CELLS : 0))]),
  ].filter(({ height }) => height > 0 && rows > 0);
}
