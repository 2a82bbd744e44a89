import type { Action } from './deck.ts';

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

/** The key of an action as it holds, for a sentence that names it; undefined where it has none. */
export function keyFor(
  { actions, ascii }: { readonly actions: readonly Action[]; readonly ascii: boolean },
  id: string,
): string | undefined {
  const [key] = actions.find((action) => action.id === id)?.keys ?? [];
  return key === undefined ? undefined : keyName(key, ascii);
}

/** Why what changes the server cannot be done, and what would change that. */
export function readOnlyWhy(deck: { readonly actions: readonly Action[]; readonly ascii: boolean }): string {
  return `read-only: ${keyFor(deck, 'mode.arm') ?? ':mode.arm'} makes it writable for a while, --no-read-only from the start`;
}

export function keysOf(action: Action, ascii = false): string {
  return action.keys.map((key) => keyName(key, ascii)).join(' ');
}
