import { summaryPoll } from '../../db/queries/activity.ts';
import type { Line } from '../../text/line.ts';
import type { Deck } from '../core/deck.ts';
import type { AppState } from '../core/state.ts';
import type { Slot } from '../core/store.ts';
import { type AnyView, type Claim, type Dashboard, statusPart } from '../core/view.ts';
import { panesOf, screenOf } from '../views/registry.ts';
import { focusedPane, shownRows } from '../views/select.ts';
import { cutOf, layoutOf } from './layout.ts';
import { type Asked, LatelyNeeded, shareByNeed, shareByWeight } from './share.ts';
import { verdictLines } from './verdict.ts';

export interface PaneBox {
  readonly view: AnyView;
  /** Its place among the panes of the screen: what the focus counts. */
  readonly index: number;
  readonly width: number;
  readonly height: number;
  /** Nothing else is on the screen. */
  readonly alone: boolean;
  /** Where the headings of the columns are: on a line of their own, on that of the title, or nowhere. */
  readonly headings: 'own' | 'title' | 'none';
}

/** What lies where in the body of a screen: above the panes, in the main column, and at its side. */
export interface Placed {
  readonly verdict: readonly Line[];
  readonly sparklines: 0 | 1;
  readonly width: number;
  readonly main: readonly PaneBox[];
  readonly side: readonly PaneBox[];
}

/** Width of the column at the side. */
export const SIDE = 68;
/** Rows of the body from which on there is history above the panes, and a line for the headings of each. */
const ROOMY = 26;
/** With fewer lines a pane has rows rather than headings. */
const LEAST_WITH_HEADINGS = 4;
/** A denied pane says why, and what would change that. */
const REFUSAL = 2;
/** A pane keeps its height for so long after it has needed it. */
const STEADY_MS = 10_000;
/** Sessions that show up in some samples only, and the headings that come with them, keep their room for longer. */
const A_LITTLE = 4;
const LONG_STEADY_MS = 30_000;

/** What panes have needed lately, by their views. */
const NEEDED: Slot<Map<AnyView, LatelyNeeded>> = { make: () => new Map() };

/** Computed once per state and size: the screen is drawn and keys are counted by the same boxes. */
const PLACED: Slot<{ last?: { state: AppState; size: AppState['size']; made: Placed } }> = {
  make: () => ({}),
};

/**
 * Places the panes of the open screen.
 *
 * @param size of the terminal; the front end hears of a new one a moment before the state does
 */
export function placePanes(deck: Deck, size = deck.state.size): Placed {
  const held = deck.store.held(PLACED);
  const { state } = deck;
  const { last } = held;
  if (last?.state === state && last.size.columns === size.columns && last.size.rows === size.rows)
    return last.made;
  const made = place(deck, size);
  held.last = { state, size, made };
  return made;
}

/** How many rows of a table a box shows. */
export function rowsIn({ height, headings }: PaneBox): number {
  return Math.max(0, height - (headings === 'own' ? 2 : 1));
}

function place(deck: Deck, size: AppState['size']): Placed {
  const { state } = deck;
  const { screen } = state;
  const { columns } = size;
  const { body } = layoutOf({ ...cutOf(state), size });
  const { main, side } = panesOf({ screen, size });
  const { dashboard, weights } = screenOf(screen);
  const width = side.length > 0 && !state.zoomed ? columns - SIDE - 1 : columns;
  // the one line that stays, however little room there is
  const verdict = verdictLines(deck, width).slice(0, 1);
  const sparklines = dashboard !== undefined && !state.zoomed && body >= ROOMY ? 1 : 0;
  const height = body - verdict.length - sparklines;
  const compact = dashboard !== undefined && body < ROOMY;
  if (state.zoomed || main.length + side.length === 1) {
    const headings = height >= LEAST_WITH_HEADINGS ? 'own' : 'none';
    const box = { view: focusedPane(state), index: state.pane, width, height, headings } as const;
    return { verdict, sparklines, width, main: [{ ...box, alone: true }], side: [] };
  }
  const column = (views: readonly AnyView[], first: number, of: number, room: number): PaneBox[] => {
    const heights =
      dashboard === undefined
        ? shareByWeight(
            room,
            views.map((_, i) => weights?.[i] ?? 1),
          )
        : shareByNeed(
            room,
            views.map((view) => asked(deck, view, dashboard, room, compact)),
          );
    const own = dashboard === undefined ? LEAST_WITH_HEADINGS : LEAST_WITH_HEADINGS - 1;
    return views.map((view, i) => {
      const box = { view, index: first + i, width: of, height: heights[i] ?? 0, alone: false };
      return { ...box, headings: compact ? 'title' : box.height >= own ? 'own' : 'none' };
    });
  };
  return {
    ...{ verdict, sparklines, width },
    main: column(main, 0, width, height),
    side: column(side, main.length, SIDE, body),
  };
}

const NO_CLAIM: Claim = { least: 1, share: 0 };

function asked(deck: Deck, view: AnyView, { claims }: Dashboard, room: number, compact: boolean): Asked {
  const { least, most = Number.POSITIVE_INFINITY, share } = claims[view.id] ?? NO_CLAIM;
  const above = compact ? 1 : 2;
  const needed = deck.store.held(NEEDED);
  const lately = needed.get(view) ?? new LatelyNeeded();
  needed.set(view, lately);
  const { at } = deck.model.part(summaryPoll);
  const now = linesOf(deck, view, above, most);
  lately.take(Number.isNaN(at) ? 0 : at, now, LONG_STEADY_MS);
  const need = Math.max(lately.most(STEADY_MS), Math.min(lately.most(LONG_STEADY_MS), now + A_LITTLE));
  return { need, least: above + least, fair: Math.max(above + least, Math.floor(room * share)) };
}

/** A table without rows says so on the line of its title. */
function linesOf(deck: Deck, view: AnyView, above: number, most: number): number {
  const { status, partial } = statusPart(view, deck.model);
  if (status === 'denied') return 1 + REFUSAL;
  const { rows } = shownRows(view, deck.model, deck.state);
  return (rows.length > 0 ? above + Math.min(rows.length, most) : 1) + (partial ? 1 : 0);
}
