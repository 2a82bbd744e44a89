import { toldAlerts } from '../alerts/told.ts';
import type { AppState } from '../core/state.ts';

/** The parts of the screen, top to bottom; their heights add up to the height of the terminal. */
export interface Layout {
  readonly header: number;
  readonly alerts: number;
  readonly tabs: number;
  /** The panes, or what lies over them. */
  readonly body: number;
  /** A second line below what is typed says what is wrong with it. */
  readonly footer: 1 | 2;
}

const TALL = 20;

/** What the terminal is cut by. */
export interface Cut {
  readonly size: AppState['size'];
  /** Something is to be told between header and tabs. */
  readonly alerted: boolean;
  /** A filter is typed. */
  readonly typing: boolean;
}

export function cutOf(state: Pick<AppState, 'size' | 'alerts' | 'screen' | 'overlay'>): Cut {
  const typing = state.overlay?.kind === 'filter';
  return { size: state.size, alerted: toldAlerts(state).length > 0, typing };
}

/** Cuts the terminal into its parts. */
export function layoutOf({ size: { rows }, alerted, typing }: Cut): Layout {
  const tall = rows >= TALL;
  const header = tall ? 2 : 1;
  const alerts = tall && alerted ? 1 : 0;
  const tabs = tall ? 1 : 0;
  const footer = typing ? 2 : 1;
  return { header, alerts, tabs, body: Math.max(0, rows - header - alerts - tabs - footer), footer };
}
