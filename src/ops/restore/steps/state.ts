import type { AppState } from '../../app/steps.ts';
import type { Expected } from '../load/expected.ts';

/** What the steps of one plan leave to those after them. */
export interface RestoreState {
  /** What must be there after the load; known from the manifest, or once the archive was read. */
  expected: Expected | undefined;
  /** The names were exchanged, or the old database was dropped. */
  replaced: boolean;
  /** The name that the replaced database has now, once it is kept under one. */
  before: string | undefined;
  /** The exchange was begun: sessions may have been ended. */
  exchanging: boolean;
  /** The connection broke at its end, and nobody answers whether it was done. */
  undecided: boolean;
  /** The command before was begun. */
  stopped: boolean;
  readonly app: AppState;
}

export function newState(expected: Expected | undefined): RestoreState {
  return {
    expected,
    replaced: false,
    before: undefined,
    exchanging: false,
    undecided: false,
    stopped: false,
    app: { stopped: [] },
  };
}

/** What stands for the run's id in previews. */
export const RUN = '<run>';
