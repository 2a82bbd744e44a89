import { createHash } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { quoteIdent, quoteRelation } from '../../../db/ident.ts';
import { Refusal } from '../convert/value.ts';
import { importErrors } from '../errors.ts';
import type { ShapedColumn, ShapedTable } from '../shape/shape.ts';
import { rowsOf } from '../source/rows.ts';
import { canonFor } from './canon.ts';
import { CopyReader } from './copy-text.ts';
import { Digest } from './digest.ts';
import type { Loading } from './loading.ts';
import type { Sent } from './rows.ts';
import type { Sending } from './sending.ts';

/** What the server has of a table, which is what was sent. */
export interface Compared {
  readonly rows: number;
  /** By the place of the column in the table. */
  readonly nulls: readonly number[];
  /** Of all rows. */
  readonly digest: string;
}

/** Rows between two looks at the signal. */
const STRETCH = 2_000;

/**
 * Reads every cell back. Where the server gives the same bytes that were sent, in the same order, it has the same values; what
 * it writes otherwise (jsonb, generated columns) is compared by its value, and so is everything where the bytes are others.
 * Throws {@link OpError} that names the columns.
 */
export async function compare(
  loading: Loading,
  table: ShapedTable,
  sending: Sending,
  sent: Sent,
): Promise<Compared> {
  const { columns, plain, binary } = sending;
  const same = binary && plain > 0 && (await sameBytes(loading, table, columns.slice(0, plain), sent.hash));
  if (!same) return byValue(loading, table, table.columns, sent);
  const others = columns.slice(plain);
  const rest = others.length === 0 ? undefined : await byValue(loading, table, others, sent, true);
  const nulls = table.columns.map((column) => {
    const at = columns.indexOf(column);
    return (at < plain ? sent.nulls[at] : rest?.nulls[at - plain]) ?? 0;
  });
  return { rows: sent.rows, nulls, digest: sent.hash.slice(0, 16) };
}

const listOf = (columns: readonly ShapedColumn[]): string =>
  columns.map(({ name }) => quoteIdent(name)).join(', ');

async function sameBytes(
  { session, signal, onRows }: Loading,
  table: ShapedTable,
  columns: readonly ShapedColumn[],
  expected: string,
): Promise<boolean> {
  const hash = createHash('sha256');
  const list = listOf(columns);
  const text = `COPY (SELECT ${list} FROM ${quoteRelation(table)}) TO STDOUT (FORMAT binary)`;
  const rows = await session.copyOut(text, async (chunk) => {
    signal.throwIfAborted();
    hash.update(chunk);
  });
  onRows(table, rows, 'compare');
  return hash.digest('hex') === expected;
}

/** Compares columns value by value, and rows as a whole; `ordered`: rows come as they were sent, and each by its place. */
async function byValue(
  loading: Loading,
  table: ShapedTable,
  columns: readonly ShapedColumn[],
  sent: Sent,
  ordered = false,
): Promise<Compared> {
  const found = await readBack(loading, table, columns, ordered);
  const expected = await expectedOf(loading, table, columns, sent, ordered);
  if (sent.rows !== expected.rows || found.rows !== expected.rows)
    throw importErrors.otherCount({ table: table.name, sent: expected.rows, found: found.rows });
  const differ = found.differences(expected).map((at) => columns[at]?.name);
  const names = differ.flatMap((name) => name ?? []);
  // rows are others where any of their cells is
  const other = differ.length > 0 && names.length === 0 ? ['rows'] : names;
  if (other.length > 0) throw importErrors.otherValues({ table: table.name, columns: other });
  return { rows: found.rows, nulls: found.nulls, digest: found.text };
}

/** What the file has for the rows that were sent. */
async function expectedOf(
  { database, signal }: Loading,
  table: ShapedTable,
  columns: readonly ShapedColumn[],
  { left }: Sent,
  ordered: boolean,
): Promise<Digest> {
  const digest = new Digest(columns.length + 1);
  const parts = columns.map(({ how }) => ({ convert: how.convert, canon: canonFor(how) }));
  const read = columns.map(({ source }) => source);
  const canonical: (string | number | null)[] = new Array(columns.length + 1).fill(null);
  let row = 0;
  let next = 0;
  for (const { cells } of rowsOf(database, table.source, read)) {
    if (row++ === left[next]) {
      next++;
      continue;
    }
    for (let at = 0; at < parts.length; at++) {
      const part = parts[at];
      const cell = cells[at] ?? null;
      const value = cell instanceof Refusal ? cell : part?.convert(cell, () => {});
      canonical[at] = typeof value === 'string' ? (part?.canon(value) ?? value) : null;
    }
    if (ordered) canonical[columns.length] = digest.rows;
    digest.add(canonical);
    if (row % STRETCH !== 0) continue;
    await turn();
    signal.throwIfAborted();
  }
  return digest;
}

/** Every cell of the columns as the server has it. */
async function readBack(
  { session, signal, onRows }: Loading,
  table: ShapedTable,
  columns: readonly ShapedColumn[],
  ordered: boolean,
): Promise<Digest> {
  // the place of a row comes last
  const digest = new Digest(columns.length + 1);
  const canons = columns.map(({ how }) => canonFor(how));
  const canonical: (string | number | null)[] = new Array(canons.length + 1).fill(null);
  const reader = new CopyReader((cells) => {
    for (let at = 0; at < canons.length; at++) {
      const cell = cells[at] ?? null;
      canonical[at] = cell === null ? null : (canons[at]?.(cell) ?? cell);
    }
    if (ordered) canonical[columns.length] = digest.rows;
    digest.add(canonical);
  });
  const text = `COPY (SELECT ${listOf(columns)} FROM ${quoteRelation(table)}) TO STDOUT`;
  await session.copyOut(text, async (chunk) => {
    signal.throwIfAborted();
    reader.push(chunk);
    onRows(table, digest.rows, 'compare');
  });
  return digest;
}
