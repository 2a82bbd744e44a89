import { setImmediate as turn } from 'node:timers/promises';
import type { How } from '../convert/how.ts';
import { type Cell, Refusal } from '../convert/value.ts';
import type { SourceColumn, SourceTable } from '../source/catalog.ts';
import { rowsOf, type SourceDatabase, written } from '../source/rows.ts';

/** A cell that one way has no value for. */
export interface BadValue {
  readonly key: string;
  /** As it is written, cut. */
  readonly value: string;
  readonly reason: string;
}

/** What became of every cell of a column by one way. */
export interface Tried {
  readonly how: How;
  refused: number;
  /** The first few. */
  readonly bad: BadValue[];
  /** How often a value was understood in a way that is worth telling: `epoch_ms`. */
  readonly notes: Map<string, number>;
}

/** What is in a column, whatever it is declared as. */
export interface ColumnProfile {
  readonly column: SourceColumn;
  nulls: number;
  integers: number;
  reals: number;
  texts: number;
  blobs: number;
  empties: number;
  /** Of numbers. */
  min: bigint | number | undefined;
  max: bigint | number | undefined;
  /** Characters of the longest text (UTF-16 units), or bytes of the longest blob. */
  longest: number;
  readonly tried: readonly Tried[];
}

export interface TableProfile {
  readonly table: SourceTable;
  readonly rows: number;
  readonly columns: readonly ColumnProfile[];
}

export interface ScanOptions {
  /** The ways that are tried on a column. */
  readonly waysOf: (column: SourceColumn) => readonly How[];
  readonly signal?: AbortSignal | undefined;
  readonly onRows?: (rows: number) => void;
}

const BAD = 5;
const CUT = 80;
/** Rows between two looks at the signal, a few ms. */
const STRETCH = 2_000;

/** Reads every row of a table once. Throws what the signal was aborted with. */
export async function scanTable(
  database: SourceDatabase,
  table: SourceTable,
  { waysOf, signal, onRows }: ScanOptions,
): Promise<TableProfile> {
  const columns = table.columns.map((column) => emptyProfile(column, waysOf(column)));
  let rows = 0;
  for (const { cells, key } of rowsOf(database, table)) {
    for (let at = 0; at < columns.length; at++) {
      const profile = columns[at];
      if (profile !== undefined) see(profile, cells[at] ?? null, key);
    }
    if (++rows % STRETCH !== 0) continue;
    onRows?.(rows);
    await turn();
    signal?.throwIfAborted();
  }
  onRows?.(rows);
  return { table, rows, columns };
}

const emptyProfile = (column: SourceColumn, ways: readonly How[]): ColumnProfile => ({
  column,
  ...{ nulls: 0, integers: 0, reals: 0, texts: 0, blobs: 0, empties: 0, longest: 0 },
  ...{ min: undefined, max: undefined },
  tried: ways.map((how) => ({ how, refused: 0, bad: [], notes: new Map() })),
});

function see(profile: ColumnProfile, cell: Cell | Refusal, key: () => string): void {
  if (cell === null) {
    profile.nulls++;
    return;
  }
  if (cell instanceof Refusal) profile.texts++;
  else count(profile, cell);
  for (const one of profile.tried) {
    const converted =
      cell instanceof Refusal
        ? cell
        : one.how.convert(cell, (what) => one.notes.set(what, (one.notes.get(what) ?? 0) + 1));
    if (!(converted instanceof Refusal)) continue;
    one.refused++;
    if (one.bad.length < BAD)
      one.bad.push({
        key: key(),
        value: cell instanceof Refusal ? '' : written(cell).slice(0, CUT),
        reason: converted.reason,
      });
  }
}

function count(profile: ColumnProfile, cell: Exclude<Cell, null>): void {
  if (typeof cell === 'bigint' || typeof cell === 'number') {
    if (typeof cell === 'bigint') profile.integers++;
    else profile.reals++;
    if (profile.min === undefined || cell < profile.min) profile.min = cell;
    if (profile.max === undefined || cell > profile.max) profile.max = cell;
    return;
  }
  if (typeof cell === 'string') {
    profile.texts++;
    if (cell === '') profile.empties++;
  } else profile.blobs++;
  if (cell.length > profile.longest) profile.longest = cell.length;
}
