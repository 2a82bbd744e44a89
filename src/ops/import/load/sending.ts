import { quoteIdent, quoteRelation } from '../../../db/ident.ts';
import type { How } from '../convert/how.ts';
import { Refusal } from '../convert/value.ts';
import type { ShapedColumn, ShapedTable } from '../shape/shape.ts';
import { isReshaped, type Put, putterOf } from './binary.ts';
import { textPutterOf } from './copy-text.ts';
import { type StoredPut, storedPutter } from './stored.ts';

/** What is sent of a table: in the binary format where every type is known, else in texts. */
export interface Sending {
  /**
   * First those whose bytes come back as they are sent, then the others that are sent, then those that the server makes: of
   * them the values are only looked at.
   */
  readonly columns: readonly ShapedColumn[];
  readonly puts: readonly Put[];
  /** The same for rows as they lie in their pages. */
  readonly storedPuts: readonly StoredPut[];
  /** How many of them come back as they are, and how many are sent. */
  readonly plain: number;
  readonly width: number;
  readonly binary: boolean;
}

/** How the rows of a table are sent; `unsent` are made by the server. */
export function sendingOf({ columns: all }: ShapedTable, unsent: ReadonlySet<ShapedColumn>): Sending {
  const sent = all.filter((column) => !unsent.has(column));
  const binary = sent.every(({ how }) => putterOf(how) !== undefined);
  const plain = binary ? sent.filter(({ how }) => !isReshaped(how)) : sent;
  const columns = [...plain, ...sent.filter((column) => !plain.includes(column)), ...unsent];
  const puts = columns.map((column, at) => {
    if (unsent.has(column)) return onlyLook(column.how);
    return (binary ? putterOf(column.how) : undefined) ?? textPutterOf(column.how, at);
  });
  const storedPuts = columns.map((column, at) => {
    const put = puts[at] ?? onlyLook(column.how);
    return storedPutter(column.how, put, binary && !unsent.has(column));
  });
  return { columns, puts, storedPuts, plain: plain.length, width: sent.length, binary };
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
