import { setImmediate as turn } from 'node:timers/promises';
import { Refusal } from '../convert/value.ts';
import { importErrors } from '../errors.ts';
import type { BadPolicy, ShapedColumn, ShapedTable } from '../shape/shape.ts';
import { rowsOf, type SourceDatabase, written } from '../source/rows.ts';
import { canonFor } from './canon.ts';
import { writerOf } from './copy-text.ts';
import type { Digest } from './digest.ts';

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
  /** Gets what each row is to be, in all columns of the table. */
  readonly digest: Digest;
  /** Columns that are generated, and not sent. */
  readonly unsent: ReadonlySet<ShapedColumn>;
  readonly onReject: (reject: Reject) => void;
  readonly onRows: (rows: number) => void;
  readonly signal: AbortSignal;
}

/** A piece that is sent at once, in UTF-16 units. */
const PIECE = 64 * 1024;
/** Rows after which it is looked up whether all is to stop, where they are short or left out. */
const STRETCH = 2_000;
/** Of a value, in the file of rejects. */
const CUT = 2_000;
const note = () => {};

/** The rows of a table as a COPY takes them. Throws {@link OpError} for a value that nothing was said of. */
export async function* copyRows(
  database: SourceDatabase,
  table: ShapedTable,
  { bad, digest, unsent, onReject, onRows, signal }: RowsOptions,
): AsyncGenerator<Buffer> {
  const columns = table.columns.map((column) => ({
    column,
    at: table.source.columns.indexOf(column.source),
    canon: canonFor(column.how),
    sent: !unsent.has(column),
    write: writerOf(column.how.type),
  }));
  const canonical: (string | number | null)[] = new Array(columns.length).fill(null);
  const fields: string[] = new Array(columns.filter(({ sent }) => sent).length).fill('');
  let lines: string[] = [];
  let size = 0;
  let rows = 0;
  for (const { cells, key } of rowsOf(database, table.source)) {
    let whole = true;
    let field = 0;
    for (let at = 0; at < columns.length; at++) {
      const one = columns[at];
      if (one === undefined) continue;
      const { column, canon, sent, write } = one;
      const cell = cells[one.at] ?? null;
      let value = cell instanceof Refusal ? cell : column.how.convert(cell, note);
      if (value instanceof Refusal) {
        if (bad === 'refuse')
          throw importErrors.otherValue({
            table: table.source.name,
            key: key(),
            column: column.source.name,
            why: value.reason,
          });
        onReject({
          ...{ table: table.source.name, key: key(), column: column.source.name, reason: value.reason },
          value: cell instanceof Refusal ? '' : written(cell).slice(0, CUT),
          done: bad === 'null' ? 'NULL instead' : 'row left out',
        });
        if (bad === 'reject') whole = false;
        value = null;
      }
      canonical[at] = value === null ? null : canon(value);
      if (sent) fields[field++] = value === null ? '\\N' : write(value);
    }
    rows++;
    if (whole) {
      digest.add(canonical);
      const line = fields.join('\t');
      lines.push(line);
      size += line.length;
    }
    if (size < PIECE && rows % STRETCH !== 0) continue;
    if (lines.length > 0) yield Buffer.from(`${lines.join('\n')}\n`);
    lines = [];
    size = 0;
    onRows(rows);
    await turn();
    signal.throwIfAborted();
  }
  if (lines.length > 0) yield Buffer.from(`${lines.join('\n')}\n`);
  onRows(rows);
}
