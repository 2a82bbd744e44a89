import type { AppState } from '../core/state.ts';

/** The parts of the screen, top to bottom; their heights add up to the height of the terminal. */
export interface Layout {
  readonly header: number;
  readonly tabs: number;
  /** The panes, or what lies over them. */
  readonly body: number;
  readonly footer: 1;
}

const TALL = 20;

/** Cuts the terminal into its parts. */
export function layoutOf({ size: { rows } }: Pick<AppState, 'size'>): Layout {
  const header = rows >= TALL ? 2 : 1;
  const tabs = rows >= TALL ? 1 : 0;
  return { header, tabs, body: Math.max(0, rows - header - tabs - 1), footer: 1 };
}
