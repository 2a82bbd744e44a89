import type { Deck } from '../deck.ts';

/** Where a key works. What is open decides which scopes are asked, see {@link file://../keymap.ts}. */
export type Scope =
  | 'always'
  | 'quit'
  | 'screen'
  | 'table'
  | 'row'
  | 'reader'
  | 'close'
  | 'dialog'
  | 'field'
  | 'palette'
  | 'form'
  | 'plan'
  | 'progress'
  | 'result';

/** Something a person can do, declared once: dispatcher, footer, help, palette and the README are read from it. */
export interface Action {
  readonly id: string;
  readonly title: string;
  readonly keys: readonly string[];
  readonly scope: Scope;
  readonly run: (deck: Deck) => void;
  /** Ends or stops something on the server: always asks, and is absent in read-only mode. */
  readonly danger?: boolean;
  /** Order in the footer, 1 first; without it the action stands only in help and palette. */
  readonly hint?: number;
  /** A word for the footer. */
  readonly short?: string;
  /** The word for the footer where it depends on what is shown; undefined: not in the footer now. */
  readonly shortOn?: (deck: Deck) => string | undefined;
  /** Why it cannot be done now; undefined when it can. */
  readonly disabled?: (deck: Deck) => string | undefined;
}

type Extra = Pick<Action, 'danger' | 'hint' | 'short' | 'shortOn' | 'disabled'>;

export function action(
  id: string,
  scope: Scope,
  keys: string,
  title: string,
  run: (deck: Deck) => void,
  extra: Extra = {},
): Action {
  return { id, title, keys: keys === '' ? [] : keys.split(' '), scope, run, ...extra };
}
