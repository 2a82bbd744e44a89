import { quoteIdent } from '../../../db/ident.ts';
import type { Session } from '../../../db/session.ts';
import { as, relationName } from '../../sql/ast.ts';
import type { History } from '../history/history.ts';
import type { Tables } from '../sql/lint/lint.ts';
import { type DirectedMigration, sectionOf } from './apply.ts';

/** Tables that are looked into at most; more are taken to have rows. */
const MOST = 500;

/** What is there now of the tables that the moves are about, and whether anything has rows. Throws DbError. */
export async function tablesOf(
  session: Session,
  history: History['relations'],
  moves: readonly DirectedMigration[],
): Promise<Tables> {
  const names = [...new Set(moves.flatMap(namesIn))];
  const found = await session.sql(
    `SELECT name, to_regclass(quoted)::oid::int8::text AS oid FROM unnest($1::text[], $2::text[]) AS u (name, quoted)`,
    [names, names.map((name) => name.split('.').map(quoteIdent).join('.'))],
  );
  const oids = new Map(found.map(({ name, oid }) => [String(name), oid === null ? null : String(oid)]));
  const { empty, allEmpty } = await emptyOnes(session, history);
  return {
    allEmpty,
    isAbsent: (relation) => oids.get(relation) === null,
    isEmpty: (relation) => empty.has(oids.get(relation) ?? ''),
  };
}

function namesIn(move: DirectedMigration): string[] {
  return sectionOf(move).statements.flatMap(({ node, locks }) => {
    const made = relationName(
      as(node, 'CreateStmt')?.relation ?? as(node, 'CreateTableAsStmt')?.into?.rel ?? undefined,
    );
    return [...locks.map(({ relation }) => relation), made].flatMap((name) => name ?? []);
  });
}

/**
 * Tables without a row. Where one of them is locked, or may not be read, or there are too many, none is known to be
 * empty: a hazard too many is better than one that is not told.
 */
async function emptyOnes(
  session: Session,
  history: History['relations'],
): Promise<{ empty: ReadonlySet<string>; allEmpty: boolean }> {
  const none = { empty: new Set<string>(), allEmpty: false };
  const own = history.map(({ schema, name }) => JSON.stringify([schema, name]));
  const tables = (await session.sql(TABLES)).filter(
    ({ schema, name }) => !own.includes(JSON.stringify([schema, name])),
  );
  if (tables.length > MOST) return none;
  if (tables.length === 0) return { ...none, allEmpty: true };
  const looks = tables.map(
    ({ oid, schema, name }) =>
      `CASE WHEN NOT EXISTS (SELECT FROM ${quoteIdent(String(schema))}.${quoteIdent(String(name))}) THEN '${oid}' END`,
  );
  await session.sql('BEGIN READ ONLY');
  try {
    await session.sql(
      "SET LOCAL statement_timeout = '2s'; SET LOCAL lock_timeout = '500ms'; SET LOCAL row_security = off",
    );
    const rows = await session.sql(`SELECT unnest(ARRAY[${looks.join(', ')}]::text[]) AS oid`);
    const empty = new Set(rows.flatMap(({ oid }) => (oid === null ? [] : [String(oid)])));
    return { empty, allEmpty: empty.size === tables.length };
  } catch {
    return none;
  } finally {
    if (!session.lost) await session.sql('ROLLBACK');
  }
}

const TABLES = `SELECT c.oid::int8::text AS oid, n.nspname::text AS schema, c.relname::text AS name
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE (c.relkind IN ('r', 'p') OR c.relkind = 'm' AND c.relispopulated) AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
    WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
LIMIT ${MOST + 10}`;
