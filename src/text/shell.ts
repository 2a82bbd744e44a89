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

/** Splits a command line as a shell does, without expanding anything; undefined when a quote is not closed. */
export function splitWords(text: string): string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  let quote: string | undefined;
  for (let at = 0; at < text.length; at++) {
    const c = text[at] as string;
    if (quote !== undefined) {
      if (c === quote) quote = undefined;
      else if (c === '\\' && quote === '"' && /["\\$`]/.test(text[at + 1] ?? ''))
        word += text[++at] as string;
      else word += c;
    } else if (c === "'" || c === '"') {
      quote = c;
      word ??= '';
    } else if (c === '\\') word = (word ?? '') + (text[++at] ?? '');
    else if (/\s/.test(c)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? '') + c;
  }
  if (word !== undefined) words.push(word);
  return quote === undefined ? words : undefined;
}
