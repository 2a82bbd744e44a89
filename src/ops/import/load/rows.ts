import { setImmediate as turn } from 'node:timers/promises';
import { importErrors } from '../errors.ts';
import type { BadPolicy, ShapedTable } from '../shape/shape.ts';
import type { SourceTable } from '../source/catalog.ts';
import type { Orphan } from '../source/orphans.ts';
import type { SourceDatabase } from '../source/rows.ts';
import { type GivenRow, givenRows } from './given.ts';
import type { Sending } from './sending.ts';
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
  /** Rows that are left out, by their rowids. */
  readonly orphans: ReadonlyMap<string, Orphan> | undefined;
  readonly onReject: (reject: Reject) => void;
  readonly onRows: (rows: number) => void;
  readonly signal: AbortSignal;
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
  sending: Sending,
  sent: Sent,
  { bad, orphans, onReject, onRows, signal }: RowsOptions,
): AsyncGenerator<Buffer> {
  const { columns, plain, width, binary } = sending;
  const places = columns.map((column) => source.columns.indexOf(column.source));
  const tuples = new Tuples();
  const back = new Echo(plain === width ? undefined : plain);
  const nulls = new Uint8Array(columns.length);
  if (binary) tuples.copy(HEADER);
  let rows = 0;
  for (const row of givenRows(database, source, sending)) {
    const begin = tuples.at;
    const orphan = orphans?.get(row.key());
    if (orphan !== undefined) onReject(orphanReject(source, row, orphan));
    let whole = orphan === undefined;
    tuples.room(columns.length * 20 + 4);
    if (binary) tuples.int16(width);
    let end = begin;
    for (let at = 0; orphan === undefined && at < columns.length; at++) {
      if (at === plain) end = tuples.at;
      tuples.room(32);
      const refused = row.put(at, tuples);
      nulls[at] = refused === undefined ? 0 : 1;
      if (refused === undefined) continue;
      if (refused !== null) {
        const where = { table: source.name, key: row.key(), column: columns[at]?.source.name ?? '' };
        if (bad === 'refuse') throw importErrors.otherValue({ ...where, why: refused.reason });
        onReject({
          ...{ ...where, reason: refused.reason },
          value: row.written(places[at] ?? 0).slice(0, CUT),
          done: bad === 'null' ? 'NULL instead' : 'row left out',
        });
        if (bad === 'reject') whole = false;
      }
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

function orphanReject(source: SourceTable, row: GivenRow, { key, reason }: Orphan): Reject {
  const places = key.columns.map((name) => source.columns.findIndex((column) => column.name === name));
  return {
    ...{ table: source.name, key: row.key(), column: key.columns.join(', '), reason, done: 'row left out' },
    value: places
      .map((place) => row.written(place))
      .join(', ')
      .slice(0, CUT),
  };
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
