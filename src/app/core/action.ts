import type { Action, Deck, KeyScope } from './deck.ts';

/** What lies on top decides which keys there are. */
export type Context =
  | 'screen'
  | 'reader'
  | 'detail'
  | 'dialog'
  | 'field'
  | 'palette'
  | 'picker'
  | 'commands'
  | 'form'
  | 'plan'
  | 'progress'
  | 'result'
  | 'small';

/** The scopes of each context, asked in this order. Within one context no key may stand twice. */
export const CONTEXTS: Readonly<Record<Context, readonly KeyScope[]>> = {
  screen: ['table', 'row', 'screen', 'quit', 'always'],
  reader: ['reader', 'close', 'screen', 'quit', 'always'],
  detail: ['reader', 'close', 'row', 'screen', 'quit', 'always'],
  dialog: ['dialog', 'always'],
  field: ['field', 'always'],
  palette: ['field', 'palette', 'always'],
  picker: ['picker', 'always'],
  commands: ['commands', 'screen', 'quit', 'always'],
  form: ['form', 'always'],
  plan: ['plan', 'always'],
  progress: ['progress', 'reader', 'always'],
  result: ['result', 'reader', 'always'],
  small: ['quit', 'always'],
};

type Extra = Pick<Action, 'danger' | 'hint' | 'short' | 'shortOn' | 'disabled'>;

export function action(
  id: string,
  scope: KeyScope,
  keys: string,
  title: string,
  run: (deck: Deck) => void,
  extra: Extra = {},
): Action {
  return { id, title, keys: keys === '' ? [] : keys.split(' '), scope, run, ...extra };
}
