import { cleanLine } from './clean.ts';

/** A word as a POSIX shell reads it back: for what is handed to `/bin/sh`. */
export function shWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/**
 * A word of a command that people paste. What a terminal must not be shown, and blanks that get lost on the way, stand
 * as escapes in `$'…'`, which bash, zsh and ksh read: what is shown is then exactly what is meant.
 */
export function shellWord(text: string): string {
  if (cleanLine(text) === text) return shWord(text);
  let quoted = '';
  for (const character of text) {
    if (character === "'" || character === '\\') quoted += `\\${character}`;
    else if (cleanLine(quoted + character) === quoted + character) quoted += character;
    else for (const byte of Buffer.from(character)) quoted += `\\x${byte.toString(16).padStart(2, '0')}`;
  }
  return `$'${quoted}'`;
}
