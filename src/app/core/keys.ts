import type { Action } from './deck.ts';

/** How keys are written for people. */
const NAMES: Readonly<Record<string, string>> = {
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
};
const ASCII_NAMES: Readonly<Record<string, string>> = {
  up: 'Up',
  down: 'Down',
  left: 'Left',
  right: 'Right',
};

export function keyName(key: string, ascii = false): string {
  return (ascii ? ASCII_NAMES[key] : undefined) ?? NAMES[key] ?? key;
}

export function keysOf(action: Action, ascii = false): string {
  return action.keys.map((key) => keyName(key, ascii)).join(' ');
}
