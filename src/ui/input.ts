import type { Key } from 'ink';
import { characters } from '../text/width.ts';

const SPECIAL: readonly (readonly [keyof Key, string])[] = [
  ['upArrow', 'up'],
  ['downArrow', 'down'],
  ['leftArrow', 'left'],
  ['rightArrow', 'right'],
  ['pageUp', 'pgup'],
  ['pageDown', 'pgdn'],
  ['home', 'home'],
  ['end', 'end'],
  ['return', 'enter'],
  ['escape', 'esc'],
  ['backspace', 'backspace'],
  ['delete', 'delete'],
];

/**
 * The names of the keys in one input event. Keys typed fast arrive together ("jjj"), so an event may hold several;
 * each is looked up by itself.
 */
export function keyNames(input: string, key: Key): string[] {
  // two Escs typed fast arrive as Alt-Esc
  if (key.escape && key.meta) return ['esc', 'esc'];
  for (const [flag, name] of SPECIAL) if (key[flag]) return [name];
  if (key.tab) return [key.shift ? 'backtab' : 'tab'];
  if (key.ctrl) return /^[a-z]$/i.test(input) ? [`^${input.toUpperCase()}`] : [];
  if (key.meta) return [];
  return characters(input).flatMap((c) => {
    if (c === ' ') return ['space'];
    if (c === '\r' || c === '\n') return ['enter'];
    if (c === '\t') return ['tab'];
    return controlName(c) ?? (/^\p{Cc}/u.test(c) ? [] : [c]);
  });
}

/** Ink splits ^C and backspace off; another control key typed fast comes within the text. */
function controlName(character: string): string[] | undefined {
  return /^[\u0001-\u001a]$/.test(character)
    ? [`^${String.fromCharCode(character.charCodeAt(0) + 64)}`]
    : undefined;
}
