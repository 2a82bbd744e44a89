import { version } from '../../version.ts';
import type { CommandPage, Reference, Term } from './commands.ts';
import { ENVIRONMENT, EXIT_CODES, FILES } from './facts.ts';

/** The manual page pgdeck(1), in the macros of man(7). */
export function manPage({ summary, globals, commands }: Reference, date: Date): string {
  return [
    `.TH PGDECK 1 "${date.toISOString().slice(0, 10)}" "pgdeck ${roff(version)}" "User Commands"`,
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
    '.SH SEE ALSO',
    '.BR psql (1),\n.BR pg_dump (1),\n.BR pg_restore (1),\n.BR vacuumdb (1)',
    '',
  ].join('\n');
}

function section({ name, summary, usage, terms }: CommandPage): string[] {
  return [
    `.SS "${roff(name)}"`,
    roff(`${capital(summary)}.`),
    '.PP',
    `.B ${roff(usage)}`,
    ...terms.flatMap(tagged),
  ];
}

const tagged = ({ term, text }: Term): string[] => ['.TP', `.B ${roff(term)}`, roff(text) || '\\&'];

const capital = (text: string) => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;

/** Text of our own, of which no character is a request or an escape. */
function roff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('"', '\\(dq')
    .replaceAll('…', '...')
    .replaceAll('→', '->')
    .replace(/^([.'])/gm, '\\&$1');
}
