import type { Line } from '../text/line.ts';
import { alertLine } from './alerts/lines.ts';
import { isBusy } from './busy.ts';
import type { Deck } from './core/deck.ts';
import type { AppState } from './core/state.ts';
import { MINIMUM } from './keymap.ts';
import { overlayLines } from './overlay.ts';
import { footerLines } from './screen/footer.ts';
import { headerLines, tabsLine } from './screen/header.ts';
import { type Cut, cutOf, layoutOf } from './screen/layout.ts';
import { placePanes, SIDE } from './screen/panes.ts';
import { sparklineLine } from './screen/sparklines.ts';
import { paneLines } from './screen/table.ts';
import { outcomeRows } from './signal/outcomes.ts';
import { panesOf } from './views/registry.ts';

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
export interface FrameShape extends Cut {
  readonly screen: AppState['screen'];
  readonly zoomed: boolean;
  /** What lies in the place of the panes. */
  readonly body: 'panes' | 'overlay' | 'wizard' | 'outcomes';
}

/** The shape of the frame that a state is drawn in. */
export function shapeOf({ state }: Pick<Deck, 'state'>): FrameShape {
  const { screen, zoomed, overlay } = state;
  const cut = cutOf(state);
  const shape = (body: FrameShape['body']): FrameShape => ({ ...cut, screen, zoomed, body });
  if (overlay === undefined || overlay.kind === 'filter') return shape('panes');
  if (overlay.kind === 'wizard') return shape('wizard');
  return shape(outcomeRows(state, layoutOf(cut).body) === undefined ? 'overlay' : 'outcomes');
}

/** History, the verdict, and the panes below each other. */
function mainLines(deck: Deck, size: AppState['size']): Line[] {
  const { verdict, sparklines, width, main } = placePanes(deck, size);
  return [
    ...verdict,
    ...(sparklines > 0 ? [sparklineLine(deck, width)] : []),
    ...main.flatMap((box) => paneLines(deck, box)),
  ];
}

function sideLines(deck: Deck, size: AppState['size']): Line[] {
  return placePanes(deck, size).side.flatMap((box) => paneLines(deck, box));
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
  const { size } = shape;
  const { columns, rows } = size;
  const { header, alerts, tabs, body, footer } = layoutOf(shape);
  const { side } = panesOf(shape);
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
      {
        ...{ id: 'panes', height: body },
        content:
          side.length === 0 || shape.zoomed
            ? [{ id: 'main', width: columns, lines: (deck) => mainLines(deck, size) }]
            : [
                { id: 'main', width: columns - SIDE - 1, lines: (deck) => mainLines(deck, size) },
                { id: 'side', width: SIDE, lines: (deck) => sideLines(deck, size) },
              ],
      },
    ],
  };
  return [
    whole('header', header, (deck) => headerLines(deck, columns, header)),
    whole('alerts', alerts, (deck) => [alertLine(deck, columns)]),
    whole('tabs', tabs, (deck) => [tabsLine(deck, columns)]),
    ...bodies[shape.body](),
    whole('footer', footer, (deck) => footerLines(deck, columns - (isBusy(deck.state) ? BUSY_CELLS : 0))),
  ].filter(({ height }) => height > 0 && rows > 0);
}
