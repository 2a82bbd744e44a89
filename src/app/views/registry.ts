import type { AppState } from '../core/state.ts';
import type { AnyView, Screen } from '../core/view.ts';
import * as screens from './screens.ts';

/** Every screen, by its key; those without one last. */
export const SCREENS: readonly Screen[] = Object.values<Screen>(screens).sort(order);

function order(a: Screen, b: Screen): number {
  if (a.key === undefined || b.key === undefined)
    return Number(!a.key) - Number(!b.key) || byText(a.id, b.id);
  return byText(a.key, b.key);
}

function byText(a: string, b: string): number {
  return a < b ? -1 : 1;
}

const PANES: readonly AnyView[] = [...new Set(SCREENS.flatMap(panesAnywhere))];

/** The views of a screen, whatever the size of the terminal. */
export function panesAnywhere({ panes, dashboard }: Screen): readonly AnyView[] {
  return [...new Set([...panes, ...(dashboard?.side ?? [])])];
}

/** From here on a dashboard has a column at its side. */
const WITH_SIDE = { columns: 180, rows: 30 };

/** The panes of the open screen at this size, in the order of Tab: those of the side column last. */
export function panesOf({ screen, size }: Pick<AppState, 'screen' | 'size'>): {
  readonly main: readonly AnyView[];
  readonly side: readonly AnyView[];
} {
  const { panes, dashboard } = screenOf(screen);
  const wide = size.columns >= WITH_SIDE.columns && size.rows >= WITH_SIDE.rows;
  if (dashboard === undefined || !wide) return { main: panes, side: [] };
  return { main: panes.filter((view) => !dashboard.side.includes(view)), side: dashboard.side };
}

/** Every view that is on some screen, by its name. */
export const VIEWS: readonly AnyView[] = PANES.toSorted((a, b) => byText(a.id, b.id));

/** The views that `show` prints, as the screens have them. */
export const SHOWN: readonly AnyView[] = PANES.filter(({ listedBy }) => listedBy === undefined);

export function screenOf(id: string): Screen {
  return named(SCREENS, id);
}

export function viewOf(id: string): AnyView {
  return named(VIEWS, id);
}

function named<T extends { readonly id: string }>(all: readonly T[], id: string): T {
  const found = all.find((one) => one.id === id);
  if (!found) throw new Error(`nothing is named ${id}`);
  return found;
}
