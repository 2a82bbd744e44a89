import { UsageError } from '../config/usage-error.ts';
import type { DbError } from '../db/errors.ts';
import { isUnreachable } from '../ops/engine/run/unreachable.ts';
import type { OpError } from '../ops/error.ts';
import { cleanBlock } from '../text/clean.ts';
import { withoutPasswords } from '../text/url.ts';
import { csvText, jsonText, type Listing, type OutputColumn, type Row } from './output/format.ts';

export type { Listing, OutputColumn } from './output/format.ts';

/** What a command's exit tells a script. */
export const EXIT = {
  done: 0,
  failed: 1,
  /** Refused, or bad usage; nothing was done. */
  refused: 2,
  unreachable: 3,
} as const;

/**
 * What a stdout that takes nothing more ends the process with: one that is full, and one whose reader has enough.
 * Undefined: the command goes on to its own exit code, which says more than what was read of it, or does not end for it.
 */
export const unwritten: { full: number | undefined; closed: number | undefined } = {
  full: EXIT.failed,
  closed: EXIT.done,
};

export const OUTPUT_FORMATS = ['text', 'json', 'ndjson', 'csv'] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

/** One text of the result, to stdout, with a line break. What is not ours must be cleaned before. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Fulfilled when stdout takes more: whoever prints without end does not fill the memory for a slow reader. */
export function printed(): Promise<void> {
  if (!process.stdout.writableNeedDrain) return Promise.resolve();
  return new Promise((resolve) => {
    process.stdout.once('drain', resolve);
  });
}

/** Calls back when all that was printed is handed over: what a pipe holds by then stays there for who reads it. */
export function whenWritten(done: () => void): void {
  process.stdout.write('', () => done());
}

/** Progress and diagnostics, to stderr, cleaned: they name roles, schemas and files as others have called them. */
export function note(text: string): void {
  process.stderr.write(`${cleanBlock(text)}\n`);
}

/** Rows in the format that was asked for. For a terminal every text is cleaned; a file gets it as it is. */
export async function printListing(listing: Listing, format: OutputFormat): Promise<void> {
  const terminal = process.stdout.isTTY === true;
  const { rows, columns, at, server } = listing;
  if (format === 'json') print(jsonText({ at, server, rows }, terminal));
  else if (format === 'ndjson') for (const row of rows) print(jsonText(row, terminal, 0));
  else if (format === 'csv') process.stdout.write(csvText(listing, terminal));
  else await printTable(rows, columns);
}

/** Rows as an aligned table of text. */
export async function printTable(rows: readonly object[], columns: readonly OutputColumn[]): Promise<void> {
  // the widths of characters take longer to load than most commands take to run
  const { tableText } = await import('./output/table.ts');
  const room = process.stdout.isTTY ? process.stdout.columns : undefined;
  for (const line of tableText(rows as readonly Row[], columns, room)) print(line);
}

/** One object as JSON. */
export function printJson(value: unknown): void {
  print(jsonText(value, process.stdout.isTTY === true));
}

/** One object as a line of NDJSON. */
export function printJsonLine(value: unknown): void {
  print(jsonText(value, process.stdout.isTTY === true, 0));
}

/** Says on stderr what went wrong and what to do next, in the words of `tell`. Returns the exit code. */
export function fail(error: unknown, tell: (text: string) => string = (text) => text): number {
  const facts = error instanceof Error ? error : new Error(String(error));
  const next = isDbError(error) || isOpError(error) || error instanceof UsageError ? error.next : undefined;
  const sentence =
    next === undefined ? facts.message : `${facts.message}${/\n/.test(facts.message) ? '\n' : ' '}${next}`;
  for (const line of withoutPasswords(tell(sentence)).split('\n')) note(`pgdeck: ${line}`);
  if (process.env.PGDECK_DEBUG) note(withoutPasswords(stackOf(facts)));
  return exitCodeOf(error);
}

/** 3 when the server could not be reached or let nobody in, 2 for bad usage and what was refused, else 1. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError || (isOpError(error) && error.kind === 'refused')) return EXIT.refused;
  if (isUnreachable(error)) return EXIT.unreachable;
  return EXIT.failed;
}

/** By name: the classes would bring the queries and their schemas into every start of the program. */
function isDbError(error: unknown): error is DbError {
  return error instanceof Error && error.name === 'DbError';
}

function isOpError(error: unknown): error is OpError {
  return error instanceof Error && error.name === 'OpError';
}

function stackOf(error: Error): string {
  const cause = error.cause instanceof Error ? `\nCaused by: ${stackOf(error.cause)}` : '';
  return `${error.stack ?? error.message}${cause}`;
}
