import { cleanBlock, cleanLine } from '../../text/clean.ts';
import { fitLine, type Line, span } from '../../text/line.ts';
import { fit, width, wrap } from '../../text/width.ts';
import type { Deck } from '../core/deck.ts';
import { glyphsOf } from '../core/glyphs.ts';
import { type Keys, keyOr, pageKey } from '../core/keys.ts';
import type { DetailSection } from '../core/section.ts';
import type { AppState } from '../core/state.ts';

/** A text that is read and scrolled: its heading stays. */
export interface ReadingText {
  readonly title: Line;
  readonly lines: readonly Line[];
}

/** The part of a reading that fits, with its place in the whole. */
export function readingLines(
  deck: Pick<Deck, 'actions' | 'ascii' | 'scopes'>,
  reading: ReadingText,
  scroll: number,
  size: AppState['size'],
): Line[] {
  const room = size.rows - 1;
  const last = Math.max(0, reading.lines.length - room);
  const from = Math.min(scroll, last);
  const key = pageKey(deck, from < last ? 'down' : 'up');
  const place =
    last === 0
      ? ''
      : `  ${from + 1}-${Math.min(from + room, reading.lines.length)} of ${reading.lines.length}${key === undefined ? '' : `, ${key}`}`;
  const { more } = glyphsOf(deck);
  const lines = [[...reading.title, span(place, 'muted')], ...reading.lines.slice(from, from + room)];
  while (lines.length < size.rows) lines.push([]);
  return lines.slice(0, size.rows).map((line) => fitLine(line, size.columns, more));
}

/** Sections one below the other, each a block of text or pairs in two columns. */
export function sectionLines(sections: readonly DetailSection[], columns: number, more: string): Line[] {
  return sections.flatMap((section): Line[] => {
    const labels = (section.facts ?? []).map(([label]) => width(label));
    const indent = Math.min(34, Math.max(0, ...labels)) + 2;
    const facts = (section.facts ?? []).flatMap(([label, value]): Line[] =>
      wrap(cleanLine(value), Math.max(10, columns - indent - 3)).map((part, i) => [
        span(`  ${fit(i === 0 ? label : '', indent, 'left', more)}`, 'muted'),
        span(part),
      ]),
    );
    const text =
      section.text === undefined
        ? []
        : wrap(cleanBlock(section.text), Math.max(10, columns - 3)).map((line): Line => [span(`  ${line}`)]);
    const table = section.table === undefined ? [] : tableLines(section.table, columns);
    return [[span(` ${cleanLine(section.title)}`, 'accent')], ...facts, ...text, ...table, []];
  });
}

/** A table without a frame; one that is too wide is told row by row, with its headings. */
function tableLines({ columns, rows }: NonNullable<DetailSection['table']>, room: number): Line[] {
  const cells = [columns, ...rows].map((row) => columns.map((_, i) => cleanLine(row[i] ?? '')));
  const widths = columns.map((_, i) => Math.max(...cells.map((row) => width(row[i] ?? ''))));
  const [titles = [], ...values] = cells;
  if (widths.reduce((sum, cell) => sum + cell + 2, 0) > room)
    return values.flatMap((row) => recordLines(titles, row, room));
  return cells.map((row) => [span(`  ${row.map((text, i) => fit(text, widths[i] ?? 0)).join('  ')}`)]);
}

/** `public.orders`, and below it `size before: 17 MB, size after: 12 MB`; what goes on for several lines begins one. */
export function recordLines(
  titles: readonly string[],
  [name = '', ...values]: readonly string[],
  room: number,
): Line[] {
  const told = values.flatMap((value, i) =>
    value === '' ? [] : [titles[i + 1] ? `${titles[i + 1]}: ${value}` : value],
  );
  const long = told.some((text) => width(text) > room - 5);
  return [
    ...wrap(name, room - 3).map((text): Line => [span(`  ${text}`)]),
    ...(long ? told : [told.join(', ')])
      .flatMap((text) => wrap(text, room - 5))
      .map((text): Line => [span(`    ${text}`, 'muted')]),
  ];
}

/** The two answers of a question; No until somebody has chosen otherwise. */
export function answerLine(keys: Keys, yes: boolean, does = 'does it'): Line {
  const [accept, refuse] = [keyOr(keys, 'dialog.yes'), keyOr(keys, 'dialog.no')];
  // it gives the answer shown
  const enter = keyOr(keys, 'dialog.enter');
  const told = yes
    ? `${accept} or ${enter} ${does}, ${refuse} does not`
    : `${accept} ${does}, ${refuse} or ${enter} does not`;
  return [
    span('  '),
    yes ? span(' No ') : span('[No]', 'selected'),
    span('  '),
    yes ? span('[Yes]', 'critical') : span(' Yes '),
    span(`   ${told}`, 'muted'),
  ];
}
