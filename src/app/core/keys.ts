import type { Action, Deck } from './deck.ts';

/** Keys that are no characters, and how they are written for people. */
export const KEY_NAMES: Readonly<Record<string, string>> = {
  enter: 'Enter',
  esc: 'Esc',
  space: 'Space',
  tab: 'Tab',
  backtab: 'Shift-Tab',
  up: '↑',
  down: '↓',
  left: '←',
  right: '→',
  pgup: 'PgUp',
  pgdn: 'PgDn',
  home: 'Home',
  end: 'End',
  backspace: 'Backspace',
  delete: 'Delete',
};
const ASCII_NAMES: Readonly<Record<string, string>> = {
  up: 'Up',
  down: 'Down',
  left: 'Left',
  right: 'Right',
};

export function keyName(key: string, ascii = false): string {
  return (ascii ? ASCII_NAMES[key] : undefined) ?? KEY_NAMES[key] ?? key;
}

/** What a sentence needs that names keys. */
export type Keys = Pick<Deck, 'actions' | 'ascii'>;

/** The key of an action as it holds, for a sentence that names it; undefined where it has none. */
export function keyFor({ actions, ascii }: Keys, id: string): string | undefined {
  const [key] = actions.find((action) => action.id === id)?.keys ?? [];
  return key === undefined ? undefined : keyName(key, ascii);
}

/** The same; of one that has no key, what is typed to find it: `:activity`. */
export function keyOr(keys: Keys, id: string): string {
  return keyFor(keys, id) ?? `:${id.slice(id.indexOf('.') + 1)}`;
}

/** The key that scrolls by a page where keys work now; undefined where nothing does: a name is typed there. */
export function pageKey(deck: Keys & Pick<Deck, 'scopes'>, way: 'down' | 'up'): string | undefined {
  const found = deck.actions.find(
    ({ id, scope }) => deck.scopes.includes(scope) && id.endsWith(`.page${way}`),
  );
  return found && keyFor(deck, found.id);
}

/** Why what changes the server cannot be done, and what would change that. */
export function readOnlyWhy(deck: Keys): string {
  return `read-only: ${keyOr(deck, 'mode.arm')} makes it writable for a while, --no-read-only from the start`;
}

export function keysOf(action: Action, ascii = false): string {
  return action.keys.map((key) => keyName(key, ascii)).join(' ');
}
