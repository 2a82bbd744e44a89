import { cleanBlock, cleanLine } from '../../text/clean.ts';
import { fitLine, type Line, span } from '../../text/line.ts';
import { fit, width, wrap } from '../../text/width.ts';
import type { Deck } from '../deck.ts';
import { riskSentence } from '../flows/explain.ts';
import type { AppState, Overlay } from '../state.ts';
import { VIEWS } from '../views/registry.ts';
import type { DetailSection } from '../views/view.ts';
import { recordLines } from '../wizard/lines/document.ts';
import { marksOf } from './marks.ts';

/** A text that is read and scrolled: its heading stays. */
export interface Reading {
  readonly title: Line;
  readonly lines: readonly Line[];
}

/** The part of a reading that fits, with its place in the whole. */
export function readingLines(
  deck: Pick<Deck, 'ascii'>,
  reading: Reading,
  scroll: number,
  size: AppState['size'],
): Line[] {
  const room = size.rows - 1;
  const last = Math.max(0, reading.lines.length - room);
  const from = Math.min(scroll, last);
  const place =
    last === 0
      ? ''
      : `  ${from + 1}-${Math.min(from + room, reading.lines.length)} of ${reading.lines.length}, ${from < last ? 'PgDn' : 'PgUp'}`;
  const { more } = marksOf(deck);
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

/** Everything known of one row. */
export function detailReading(
  deck: Deck,
  overlay: Extract<Overlay, { kind: 'detail' }>,
  columns: number,
): Reading {
  const view = VIEWS[overlay.view];
  const backend = view.backend?.(overlay.row);
  const own = view.detail(overlay.row, deck.model);
  // what the server says of a session holds the whole query: the row's shortened one would only repeat it
  const sections = backend
    ? overlay.extra
      ? [...overlay.extra.slice(0, 1), ...own.filter((s) => s.facts), ...overlay.extra.slice(1)]
      : own
    : [...own, ...(overlay.extra ?? [])];
  const state = overlay.gone
    ? span('  the session is gone; this is how it was last seen', 'warn')
    : span(backend && !overlay.extra ? '  asking the server' : '', 'muted');
  return {
    title: [span(` ${view.title}: details`, 'title'), state],
    lines: sectionLines(sections, columns, marksOf(deck).more),
  };
}

/** What was said and done so far, the newest last. */
export function logReading(deck: Deck, columns: number): Reading {
  const tone = { info: undefined, done: 'good', error: 'alert' } as const;
  return {
    title: [span(' Messages', 'title')],
    lines:
      deck.state.log.length === 0
        ? [[span('  Nothing has been said yet.', 'muted')]]
        : deck.state.log.flatMap((entry) =>
            wrap(entry.text, columns - 13).map(
              (text, i): Line => [
                span(
                  `  ${i === 0 ? new Date(entry.at).toTimeString().slice(0, 8) : ' '.repeat(8)}  `,
                  'muted',
                ),
                span(text, tone[entry.level]),
              ],
            ),
          ),
  };
}

export function explainReading(overlay: Extract<Overlay, { kind: 'explain' }>, columns: number): Reading {
  const { lines, problem, title, risk } = overlay;
  if (risk) return riskReading(title, risk.yes, risk.owners, columns);
  return {
    title: [span(` ${title}`, 'title'), span('  the plan only; the statement is not run', 'muted')],
    lines:
      problem !== undefined
        ? wrap(cleanLine(problem), columns - 3).map((text): Line => [span(`  ${text}`, 'warn')])
        : lines === undefined
          ? [[span('  asking the server', 'muted')]]
          : lines.map((line) => [span(`  ${cleanBlock(line)}`)]),
  };
}

function riskReading(title: string, yes: boolean, owners: readonly string[], columns: number): Reading {
  const text = `The planner calls immutable and stable functions for its estimates: ${riskSentence(owners, 'this role')} The statement itself is not run.`;
  return {
    title: [span(` ${title}?`, 'title')],
    lines: [
      ...wrap(cleanLine(text), columns - 3).map((line): Line => [span(`  ${line}`, 'warn')]),
      [],
      answerLine(yes),
    ],
  };
}

/** The two answers of a question; No until somebody has chosen otherwise. */
export function answerLine(yes: boolean, does = 'does it'): Line {
  return [
    span('  '),
    yes ? span(' No ') : span('[No]', 'selected'),
    span('  '),
    yes ? span('[Yes]', 'critical') : span(' Yes '),
    span(`   y ${does}, n or Enter does not`, 'muted'),
  ];
}
