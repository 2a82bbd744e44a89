import { version } from '../../version.ts';
import type { CommandPage, Reference, Term } from './commands.ts';
import { ENVIRONMENT, EXIT_CODES, FILES } from './facts.ts';
import type { Chapter } from './manual.ts';
import { type Block, type Line, plain, type Span } from './markdown.ts';

/** The manual page pgdeck(1), in the macros of man(7). */
export function manPage(
  { summary, globals, commands }: Reference,
  chapters: readonly Chapter[],
  date: Date,
): string {
  const lines = [
    `.TH PGDECK 1 "${date.toISOString().slice(0, 10)}" "pgdeck ${roff(version)}" "User Commands"`,
    // to the left: nothing is stretched where long words are
    '.ad l',
    '.SH NAME',
    'pgdeck \\- operations console for PostgreSQL',
    '.SH SYNOPSIS',
    '.B pgdeck\n[\\fIoptions\\fR] [\\fIcommand\\fR]',
    '.SH DESCRIPTION',
    roff(summary),
    '.PP',
    'Without a command it opens the console; where there is no terminal it prints one overview.',
    'Commands that change something show their plan and ask first; with \\-\\-plan they only show it, with \\-\\-yes they do not ask.',
    'Where data can be lost, \\-\\-confirm takes the name that would be typed.',
    '.SH OPTIONS',
    'Which server is meant, and how it is shown; every command takes them.',
    ...globals.flatMap(tagged),
    '.SH COMMANDS',
    ...commands.flatMap(section),
    '.SH EXIT STATUS',
    ...EXIT_CODES.flatMap(tagged),
    '.SH ENVIRONMENT',
    ...ENVIRONMENT.flatMap(tagged),
    '.SH FILES',
    ...FILES.flatMap(tagged),
    ...chapters.flatMap(({ blocks }) => blocks.flatMap(block)),
    '.SH SEE ALSO',
    '.BR psql (1),\n.BR pg_dump (1),\n.BR pg_restore (1),\n.BR vacuumdb (1)',
    '',
  ];
  // a section begins with a paragraph anyway
  return lines.filter((line, i) => line !== '.PP' || !/^\.S[HS] /.test(lines[i - 1] ?? '')).join('\n');
}

function section({ name, summary, asks, usage, terms }: CommandPage): string[] {
  return [
    `.SS "${roff(name)}"`,
    roff(`${capital(summary)}.`),
    ...(asks === undefined ? [] : [roff(`It asks for ${asks}.`)]),
    '.PP',
    `.B ${roff(usage)}`,
    ...terms.flatMap(tagged),
  ];
}

const tagged = ({ term, text }: Term): string[] => ['.TP', `.B ${roff(term)}`, roff(text) || '\\&'];

function block(one: Block): string[] {
  switch (one.kind) {
    case 'heading':
      if (one.level === 1) return [`.SH "${roff(plain(one.line).toUpperCase())}"`];
      return [`.SS "${roff(plain(one.line))}"`];
    case 'paragraph':
      return ['.PP', set(one.line)];
    case 'code':
      return ['.PP', '.RS 4', '.nf', roff(one.text), '.fi', '.RE'];
    case 'list':
      return one.items.flatMap((item, i) => [one.ordered ? `.IP ${i + 1}. 4` : '.IP \\(bu 2', set(item)]);
    case 'table':
      return one.rows.flatMap((row) => tableRow(one.head, row));
  }
}

/** A page is too narrow for columns: what stands first is explained by the others, each under its title. */
function tableRow(head: readonly Line[], row: readonly Line[]): string[] {
  const [first, ...others] = row
    .map((cell, i) => ({ cell, title: plain(head[i] ?? []) }))
    .filter(({ cell }) => cell.length > 0);
  if (first === undefined) return [];
  if (others.length === 0) return ['.PP', set(first.cell)];
  const told = others.map(
    ({ cell, title }, i) => (i === 0 || title === '' ? '' : `${roff(title)}: `) + set(cell),
  );
  return ['.TP', set(first.cell), told.join('; ')];
}

const capital = (text: string) => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;

/** A line with its fonts. */
const set = (line: Line): string =>
  line
    .map(span)
    .join('')
    .replace(/^([.'])/, '\\&$1');

function span(one: Span): string {
  switch (one.kind) {
    case 'text':
      return escaped(one.text);
    case 'code':
      return `\\fB${escaped(one.text)}\\fR`;
    case 'strong':
      return `\\fB${escaped(plain(one.spans))}\\fR`;
    case 'emphasis':
      return `\\fI${escaped(plain(one.spans))}\\fR`;
    case 'link':
      return one.spans.map(span).join('');
  }
}

/** Text of our own, of which no character is a request or an escape. */
const roff = (text: string): string => escaped(text).replace(/^([.'])/gm, '\\&$1');

const escaped = (text: string): string =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('"', '\\(dq')
    .replaceAll('…', '...')
    .replaceAll('→', '->');
