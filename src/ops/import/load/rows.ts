import { setImmediate as turn } from 'node:timers/promises';
import { quoteIdent, quoteRelation } from '../../../db/ident.ts';
import type { How } from '../convert/how.ts';
import { Refusal } from '../convert/value.ts';
import { importErrors } from '../errors.ts';
import type { BadPolicy, ShapedColumn, ShapedTable } from '../shape/shape.ts';
import { rowsOf, type SourceDatabase, written } from '../source/rows.ts';
import { isReshaped, type Put, putterOf } from './binary.ts';
import { textPutterOf } from './copy-text.ts';
import { Echo, HEADER, Tuples } from './tuples.ts';

/** A value that has no place in its column's type, as it stands in the file of rejects. */
export interface Reject {
  readonly table: string;
  readonly key: string;
  readonly column: string;
  readonly value: string;
  readonly reason: string;
  /** What became of it. */
  readonly done: 'row left out' | 'NULL instead';
}

export interface RowsOptions {
  readonly bad: BadPolicy;
  readonly onReject: (reject: Reject) => void;
  readonly onRows: (rows: number) => void;
  readonly signal: AbortSignal;
}

/** What is sent of a table: in the binary format where every type is known, else in texts. */
export interface Sending {
  /**
   * First those whose bytes come back as they are sent, then the others that are sent, then those that the server makes: of
   * them the values are only looked at.
   */
  readonly columns: readonly ShapedColumn[];
  readonly puts: readonly Put[];
  /** How many of them come back as they are, and how many are sent. */
  readonly plain: number;
  readonly width: number;
  readonly binary: boolean;
}

/** What was sent. */
export interface Sent {
  rows: number;
  /** By the place of the column in {@link Sending}. */
  readonly nulls: number[];
  /** Of what is to come back as it is, where that is binary. */
  hash: string;
  /** Places in the file, from 0, of the rows that were left out. */
  readonly left: number[];
}

/** How the rows of a table are sent; `unsent` are made by the server. */
export function sendingOf({ columns: all }: ShapedTable, unsent: ReadonlySet<ShapedColumn>): Sending {
  const sent = all.filter((column) => !unsent.has(column));
  const binary = sent.every(({ how }) => putterOf(how) !== undefined);
  const plain = binary ? sent.filter(({ how }) => !isReshaped(how)) : sent;
  const columns = [...plain, ...sent.filter((column) => !plain.includes(column)), ...unsent];
  return {
    ...{ columns, plain: plain.length, width: sent.length, binary },
    puts: columns.map((column, at) => {
      if (unsent.has(column)) return onlyLook(column.how);
      return (binary ? putterOf(column.how) : undefined) ?? textPutterOf(column.how, at);
    }),
  };
}

/** The statement that takes them. */
export function copySql(table: ShapedTable, { columns, width, binary }: Sending): string {
  const list = columns.slice(0, width).map(({ name }) => quoteIdent(name));
  return `COPY ${quoteRelation(table)} (${list.join(', ')}) FROM STDIN${binary ? ' (FORMAT binary)' : ''}`;
}

const onlyLook =
  ({ convert }: How): Put =>
  (cell) => {
    const value = convert(cell, () => {});
    return value instanceof Refusal ? value : undefined;
  };

/** A piece that is sent at once, in bytes. */
const PIECE = 128 * 1024;
/** Rows after which it is looked up whether all is to stop, where they are short or left out. */
const STRETCH = 2_000;
/** Of a value, in the file of rejects. */
const CUT = 2_000;

/**
 * The rows of a table as a COPY takes them; a piece holds until the next one is asked for. `sent` is told what is sent.
 * Throws {@link OpError} for a value that nothing was said of.
 */
export async function* copyRows(
  database: SourceDatabase,
  { source }: ShapedTable,
  { columns, puts, plain, width, binary }: Sending,
  sent: Sent,
  { bad, onReject, onRows, signal }: RowsOptions,
): AsyncGenerator<Buffer> {
  const places = columns.map((column) => source.columns.indexOf(column.source));
  const tuples = new Tuples();
  const back = new Echo(plain === width ? undefined : plain);
  const nulls = new Uint8Array(columns.length);
  if (binary) tuples.copy(HEADER);
  let rows = 0;
  for (const { cells, key } of rowsOf(database, source)) {
    const begin = tuples.at;
    let whole = true;
    tuples.room(columns.length * 20 + 4);
    if (binary) tuples.int16(width);
    let end = begin;
    for (let at = 0; at < places.length; at++) {
      if (at === plain) end = tuples.at;
      const cell = cells[places[at] ?? 0] ?? null;
      nulls[at] = 1;
      if (cell === null) {
        if (at < width) putNull(tuples, binary, at);
        continue;
      }
      tuples.room(32);
      const refused = cell instanceof Refusal ? cell : puts[at]?.(cell, tuples);
      if (refused === undefined) {
        nulls[at] = 0;
        continue;
      }
      const column = columns[at]?.source.name ?? '';
      const where = { table: source.name, key: key(), column };
      if (bad === 'refuse') throw importErrors.otherValue({ ...where, why: refused.reason });
      onReject({
        ...{ ...where, reason: refused.reason },
        value: cell instanceof Refusal ? '' : written(cell).slice(0, CUT),
        done: bad === 'null' ? 'NULL instead' : 'row left out',
      });
      if (bad === 'reject') whole = false;
      if (at < width) putNull(tuples, binary, at);
    }
    if (whole) {
      sent.rows++;
      for (let at = 0; at < nulls.length; at++) sent.nulls[at] = (sent.nulls[at] ?? 0) + (nulls[at] ?? 0);
      if (binary) back.row(tuples.bytes, begin + 2, end);
      else tuples.bytes[tuples.at++] = 10;
    } else {
      sent.left.push(rows);
      tuples.at = begin;
    }
    rows++;
    if (tuples.at < PIECE && rows % STRETCH !== 0) continue;
    const piece = tuples.take();
    back.piece(piece);
    if (piece.length > 0) yield piece;
    onRows(rows);
    await turn();
    signal.throwIfAborted();
  }
  tuples.room(2);
  if (binary) tuples.int16(-1);
  const piece = tuples.take();
  sent.hash = back.end(piece);
  if (piece.length > 0) yield piece;
  onRows(rows);
}

function putNull(tuples: Tuples, binary: boolean, at: number): void {
  if (binary) {
    tuples.null();
    return;
  }
  if (at > 0) tuples.bytes[tuples.at++] = 9;
  tuples.bytes[tuples.at++] = 92;
  tuples.bytes[tuples.at++] = 78;
}
