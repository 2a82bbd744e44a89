import { stripVTControlCharacters } from 'node:util';

/** What replaces a character that could steer the terminal or hide text: one visible cell. */
const STAND_IN = '·';

/**
 * Everything that could move the cursor, change the terminal, reorder what is read or take no cell:
 * C0, DEL, C1; soft hyphen; Arabic letter mark; Hangul fillers; Mongolian vowel separator; zero-width
 * characters and bidi controls; line and paragraph separators; invisible operators; variation selectors;
 * BOM; interlinear annotations; tag characters; lone surrogates.
 */
const UNSAFE =
  // biome-ignore lint/suspicious/noMisleadingCharacterClass: each of these is meant by itself
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff\u{e0000}-\u{e0fff}]/gu;

const PLAIN = /^[\x20-\x7e]*$/;

/** Combining marks beyond two on one letter ("zalgo") are dropped: they paint over the neighbouring rows. */
const MARKS = /(\p{M}{2})\p{M}+/gu;

/**
 * Text from outside (a query, an identifier, an error message) as one line that is safe to print.
 *
 * Escape sequences that a terminal would act on are removed whole, other unsafe characters become `·`,
 * and every run of white space becomes one space.
 */
export function cleanLine(text: string): string {
  if (PLAIN.test(text)) return text.includes('  ') ? text.replace(/ {2,}/g, ' ') : text;
  return cleanCharacters(text.replace(/[\s\u0085]+/gu, ' '));
}

/** The same for text that keeps its line breaks: a query in the detail pane, a help page. Tabs become two spaces. */
export function cleanBlock(text: string): string {
  return text
    .replace(/\r\n?/g, '\n')
    .replaceAll('\t', '  ')
    .split('\n')
    .map((line) => (PLAIN.test(line) ? line : cleanCharacters(line)))
    .join('\n');
}

function cleanCharacters(text: string): string {
  return stripVTControlCharacters(text).replace(UNSAFE, STAND_IN).replace(MARKS, '$1');
}
