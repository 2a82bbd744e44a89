import { quoteIdent } from '../../../db/ident.ts';
import type { Session } from '../../../db/session.ts';
import { pathOf, type SchemaObject, type SchemaSnapshot } from '../format.ts';

/** A table that is expected, as it is in the database. */
export interface TableFact {
  readonly exists: boolean;
  /** Null where it is not there, or nobody may count it. */
  readonly row_count: number | null;
  readonly row_count_kind: 'exact' | 'estimate' | null;
}

/** Rows up to which a table is counted rather than estimated. */
const COUNTED = 1_000_000;
/** What all the counting may take, in ms: it is beside the point of a check. */
const PATIENCE_MS = 5_000;

const ESTIMATES = `SELECT n.nspname::text AS schema, c.relname::text AS name, c.relkind::text AS kind,
  CASE WHEN c.relkind = 'p'
    THEN (SELECT CASE WHEN bool_or(l.reltuples < 0) THEN -1 ELSE coalesce(sum(l.reltuples), 0) END FROM pg_catalog.pg_partition_tree(c.oid) t JOIN pg_catalog.pg_class l ON l.oid = t.relid WHERE t.isleaf)
    ELSE c.reltuples END::float8 AS rows
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'f') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'`;

/**
 * The tables that are expected: whether they are there, and with how many rows: counted where there are less than a
 * million or nobody knows, as long as that takes seconds only. Never fails for a table. Throws DbError.
 */
export async function tableFacts(
  session: Session,
  expected: SchemaSnapshot,
): Promise<Record<string, TableFact>> {
  const rows = await session.sql(ESTIMATES);
  const known = new Map(rows.map((row) => [pathOf({ name: [String(row.schema), String(row.name)] }), row]));
  const until = performance.now() + PATIENCE_MS;
  const facts: [string, TableFact][] = [];
  for (const table of expected.objects.filter(({ kind }) => kind === 'table')) {
    const path = pathOf(table);
    const row = known.get(path);
    facts.push([path, row === undefined ? MISSING : await factOf(session, table, row, until)]);
  }
  return Object.fromEntries(facts);
}

const MISSING: TableFact = { exists: false, row_count: null, row_count_kind: null };

async function factOf(
  session: Session,
  table: SchemaObject,
  row: Readonly<Record<string, unknown>>,
  until: number,
): Promise<TableFact> {
  const rows = Number(row.rows);
  const left = Math.floor(until - performance.now());
  // a foreign table is counted on another server
  const counted =
    rows < COUNTED && row.kind !== 'f' && left > 0 ? await count(session, table, left) : undefined;
  if (counted !== undefined) return { exists: true, row_count: counted, row_count_kind: 'exact' };
  if (rows < 0) return { exists: true, row_count: null, row_count_kind: null };
  return { exists: true, row_count: Math.round(rows), row_count_kind: 'estimate' };
}

/** Undefined where it takes too long, is locked, or may not be read, or not wholly. */
async function count(session: Session, { name }: SchemaObject, ms: number): Promise<number | undefined> {
  try {
    await session.sql(
      `BEGIN READ ONLY; SET LOCAL row_security = off; SET LOCAL search_path = ''; SET LOCAL statement_timeout = ${ms}`,
    );
    const [row] = await session.sql(`SELECT count(*)::float8 AS rows FROM ${name.map(quoteIdent).join('.')}`);
    return Number(row?.rows);
  } catch {
    return undefined;
  } finally {
    await session.sql('ROLLBACK').catch(() => {});
  }
}
