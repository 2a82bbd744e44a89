import { DbError } from '../../../db/errors.ts';
import { quoteIdent, quoteRelation } from '../../../db/ident.ts';
import type { Session } from '../../../db/session.ts';
import { cleanLine } from '../../../text/clean.ts';
import { plural } from '../../../text/units.ts';
import type { Later, Manual, ShapedTable } from '../shape/shape.ts';
import type { Loading } from './loading.ts';
import { type Loaded, loadTable } from './table.ts';

/** What is made of a file. */
export interface Making {
  readonly tables: readonly ShapedTable[];
  readonly schema: string;
  /** The schema is made, too. */
  readonly newSchema: boolean;
  /** Of tables that are there already. */
  readonly existing: boolean;
  /** Statements before the first row and after the last: triggers off and on. */
  readonly before: readonly string[];
  readonly after: readonly string[];
}

export interface Made {
  readonly loaded: readonly Loaded[];
  readonly manual: readonly Manual[];
  readonly numbers: readonly { readonly column: string; readonly next: string }[];
}

/** With them rows are read back in the order in which they came. */
export const BEGIN: readonly string[] = [
  'BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE',
  'SET LOCAL synchronize_seqscans = off',
  'SET LOCAL max_parallel_workers_per_gather = 0',
];

/** What is told meanwhile. */
export interface Telling {
  readonly line: (text: string) => void;
  readonly crashPoint: (name: string) => void;
}

/** Everything of a file, in the transaction that is open. Throws {@link OpError} or DbError: then nothing of it is to stay. */
export async function make(loading: Loading, making: Making, { line, crashPoint }: Telling): Promise<Made> {
  const { session, signal } = loading;
  if (making.newSchema) await session.sql(`CREATE SCHEMA ${quoteIdent(making.schema)}`);
  for (const sql of making.before) await session.sql(sql);
  const loaded: Loaded[] = [];
  for (const table of making.tables) {
    const one = await loadTable(loading, table);
    loaded.push(one);
    line(
      `${table.name}: ${plural(one.rows, 'row')}, each cell compared (${one.digest})${one.rejects > 0 ? `, ${plural(one.rejects, 'value')} refused` : ''}`,
    );
    crashPoint(`import:${loaded.length}`);
  }
  const manual: Manual[] = loaded.flatMap((one) => one.manual);
  // every key before the first that refers to one
  const all = making.tables.flatMap((table) => table.later.map((one) => ({ table, one })));
  const keysLast = [
    ...all.filter(({ one }) => one.kind !== 'foreign key'),
    ...all.filter(({ one }) => one.kind === 'foreign key'),
  ];
  for (const { table, one } of keysLast) {
    signal.throwIfAborted();
    const failure = await tried(session, one);
    if (failure !== undefined) manual.push({ table: table.source.name, what: one.name, ...failure });
  }
  crashPoint('import:keys');
  const numbers = await setNumbers(session, making);
  for (const sql of making.after) await session.sql(sql);
  return { loaded, manual, numbers };
}

/** With what the server says of the rows or columns. */
function told(error: DbError): string {
  const { detail = '' } = (error.cause ?? {}) as { detail?: string };
  return `${error.message} ${cleanLine(detail)}`.trim();
}

/** What the server does not take is not made; what speaks against it is answered. */
async function tried(session: Session, one: Later): Promise<{ why: string; sql: string } | undefined> {
  const failure = await inSavepoint(session, one.sql);
  if (failure === undefined) return undefined;
  if (one.orElse === undefined || failure.code !== '23503')
    return { why: `it is not made: ${told(failure)}`, sql: one.sql };
  const other = await inSavepoint(session, one.orElse);
  return other === undefined
    ? {
        why: `it is made NOT VALID, since rows refer to nothing: pgdeck orphans list shows them. ${told(failure)}`,
        sql: one.sql,
      }
    : { why: `it is not made: ${told(failure)}`, sql: one.sql };
}

async function inSavepoint(session: Session, sql: string): Promise<DbError | undefined> {
  await session.sql('SAVEPOINT later');
  try {
    await session.sql(sql);
    await session.sql('RELEASE SAVEPOINT later');
    return undefined;
  } catch (error) {
    if (!(error instanceof DbError) || session.lost || error.kind === 'busy' || error.kind === 'lost')
      throw error;
    await session.sql('ROLLBACK TO SAVEPOINT later');
    return error;
  }
}

/** Sequences go on behind the highest number that there is, or that SQLite has given. */
async function setNumbers(session: Session, { tables }: Making): Promise<Made['numbers']> {
  const numbers: { column: string; next: string }[] = [];
  for (const table of tables)
    for (const { name, source } of table.columns) {
      const relation = quoteRelation(table);
      const [row] = await session.sql('SELECT pg_get_serial_sequence($1, $2) AS sequence', [relation, name]);
      if (typeof row?.sequence !== 'string') continue;
      const given = source.name === table.source.rowid ? (table.source.lastNumber ?? 0n) : 0n;
      const [set] = await session.sql(
        `SELECT setval($1::regclass, n, true)::text AS last FROM (SELECT greatest(max(${quoteIdent(name)})::bigint, $2::bigint) AS n FROM ${relation}) x WHERE n >= 1`,
        [row.sequence, given.toString()],
      );
      numbers.push({
        column: `${table.name}.${name}`,
        next: set === undefined ? '1' : (BigInt(String(set.last)) + 1n).toString(),
      });
    }
  return numbers;
}
