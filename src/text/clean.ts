/** What replaces a character that could steer the terminal or hide text: one visible cell. */
const STAND_IN = '·';

/**
 * Everything that could move the cursor, change the terminal, reorder what is read or take no cell: controls (C0, DEL,
 * C1), format characters (zero-width, bidi, tags, soft hyphen), what Unicode lets a terminal leave out (fillers,
 * variation selectors, the grapheme joiner), line and paragraph separators, lone surrogates, and a skin tone that
 * follows nobody.
 */
const UNSAFE =
  /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]|(?<!\p{Emoji_Modifier_Base})\p{Emoji_Modifier}/gu;

/**
 * What a terminal acts on, as a whole: strings (OSC, DCS, SOS, PM, APC) with their end, CSI sequences, other escape
 * sequences. No part may begin inside another one, so that the time grows with the length of the text only; Node's
 * stripVTControlCharacters takes minutes for a megabyte of beginnings without an end.
 */
const SEQUENCES = new RegExp(
  [
    /(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x80-\x9f]*(?:\x07|\x1b\\|\x9c)/,
    /(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]/,
    /\x1b(?:[ -/]+[0-~]|[0-OQ-WYZ\\`-~])/,
  ]
    .map((pattern) => pattern.source)
    .join('|'),
  'g',
);

const PLAIN = /^[\x20-\x7e]*$/;

/** A mark at the beginning would join the blank before it and take its cell. */
const ORPHAN = /^(?=[\p{M}\u0e33\u0eb3\uff9e\uff9f])/u;

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

/** Text that should be clean already, made sure of: blanks stay as they are, whatever a terminal would act on goes. */
export function harmless(text: string): string {
  return PLAIN.test(text) || text.search(UNSAFE) < 0 ? text : cleanCharacters(text);
}

function cleanCharacters(text: string): string {
  return text.replace(SEQUENCES, '').replace(UNSAFE, STAND_IN).replace(ORPHAN, STAND_IN).replace(MARKS, '$1');
}
