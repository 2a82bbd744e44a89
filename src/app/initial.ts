import type { AppState, TableState } from './core/state.ts';
import { overviewScreen } from './views/overview.ts';
import { VIEWS } from './views/registry.ts';

/** The state before anything was read or pressed. */
export function initialState(size: AppState['size']): AppState {
  const tables = Object.fromEntries(
    VIEWS.map((view): [string, TableState] => [
      view.id,
      { index: 0, sort: view.sort, filter: '', marks: new Set(), open: new Set(), shift: 0 },
    ]),
  );
  return {
    screen: overviewScreen.id,
    home: undefined,
    pane: 0,
    zoomed: false,
    touched: false,
    tables,
    overlay: undefined,
    wizards: [],
    toast: undefined,
    log: [],
    alerts: [],
    size,
    round: 0,
    idle: false,
    sent: [],
    armed: undefined,
    database: undefined,
    interruptedAt: undefined,
    pausedAt: undefined,
  };
}
