import { DbError } from '../../../../db/errors.ts';
import type { Session } from '../../../../db/session.ts';
import { plural } from '../../../../text/units.ts';
import type { OpContext } from '../../../engine/operation.ts';
import { pathOf, type SchemaObject, type SchemaSnapshot } from '../../format.ts';
import { takeUncommittedSnapshot } from '../../snapshot.ts';
import { expectedErrors } from '../errors.ts';
import type { Expected, Opening } from '../expected.ts';
import { laidOver } from './lay.ts';
import { makeTables, type PlacedTable } from './make.ts';
import { type ListedTable, parseList } from './parse.ts';

/**
 * The expected structure of a list that was written by hand: the server makes its tables in a transaction that is rolled
 * back, and tells them in its own words. What the list does not say of a column or a table is as it is in the database.
 * Throws OpError, DbError.
 */
export async function openList(
  value: unknown,
  file: string,
  context: OpContext,
  { signal }: Opening,
): Promise<Pick<Expected, 'snapshot' | 'described' | 'critical'>> {
  const listed = parseList(value, file);
  const what = 'A list is read by making its tables in a transaction that is rolled back';
  if (context.readOnly) throw expectedErrors.readOnly({ what });
  if ((await context.session()).server.standby) throw expectedErrors.standby({ what });
  const session = await context.open('pgdeck-list', undefined, 'migration');
  const stop = () => void session.close();
  signal?.addEventListener('abort', stop, { once: true });
  try {
    signal?.throwIfAborted();
    const path = await searchPath(session);
    const tables = await placed(session, listed, path);
    const snapshot = await laid(session, file, tables, path);
    return {
      snapshot,
      described: `${file}, a list of ${plural(tables.length, 'table')}`,
      critical: marksOf(tables),
    };
  } finally {
    signal?.removeEventListener('abort', stop);
    // ends the transaction, too
    await session.close();
  }
}

async function laid(
  session: Session,
  file: string,
  tables: readonly PlacedTable[],
  path: readonly string[],
): Promise<SchemaSnapshot> {
  await session.sql(`BEGIN; SET LOCAL lock_timeout = '2s'; SET LOCAL statement_timeout = '60s'`);
  // event triggers are for what stays
  if (session.server.rights.superuser) await session.sql('SET LOCAL session_replication_role = replica');
  const made = await makeTables({ session, file, tables, path }).catch((error: unknown) => {
    if (!(error instanceof DbError) || error.code !== '42501') throw error;
    const { database, user } = session.server;
    throw expectedErrors.mayNotMake({ database, user }, error);
  });
  return laidOver({ snapshot: await takeUncommittedSnapshot(session), tables, ...made });
}

/** The schemas that a name without one is looked for in, as the role and the database set it. */
async function searchPath(session: Session): Promise<string[]> {
  const [row] = await session.sql('SELECT to_json(current_schemas(false))::text AS path');
  return JSON.parse(String(row?.path ?? '[]'));
}

/** Where no schema is said: the first that has such a table, else the first in which it would be made. */
async function placed(
  session: Session,
  tables: readonly ListedTable[],
  path: readonly string[],
): Promise<PlacedTable[]> {
  const names = tables.filter(({ schema }) => schema === undefined).map(({ name }) => name);
  const rows = await session.sql(
    `SELECT n.nspname::text AS schema, c.relname::text AS name FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relname = ANY ($1) AND c.relkind IN ('r', 'p', 'f') AND n.nspname = ANY ($2)`,
    [names, path],
  );
  const has = (schema: string, name: string) =>
    rows.some((row) => row.schema === schema && row.name === name);
  return tables.map((table) => ({
    ...table,
    schema: table.schema ?? path.find((schema) => has(schema, table.name)) ?? path[0] ?? 'public',
  }));
}

function marksOf(tables: readonly PlacedTable[]): Set<string> {
  const marks: Pick<SchemaObject, 'name'>[] = tables.flatMap(({ schema, name, critical, columns }) => [
    ...(critical ? [{ name: [schema, name] }] : []),
    ...columns.filter((column) => column.critical).map((column) => ({ name: [schema, name, column.name] })),
  ]);
  return new Set(marks.map(pathOf));
}
