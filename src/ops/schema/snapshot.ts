import { DbError } from '../../db/errors.ts';
import { sqlFor } from '../../db/query.ts';
import { type Answer, call, type Session } from '../../db/session.ts';
import { byPath, FORMAT_VERSION, type SchemaObject, type SchemaSnapshot } from './format.ts';
import { catalogColumns } from './queries/columns.ts';
import { catalogConstraints } from './queries/constraints.ts';
import { catalogFunctions } from './queries/functions.ts';
import { catalogIndexes } from './queries/indexes.ts';
import type { CatalogObject } from './queries/object.ts';
import { catalogOthers } from './queries/others.ts';
import { catalogPrivileges } from './queries/privileges.ts';
import { catalogPublications } from './queries/publications.ts';
import { catalogRelations } from './queries/relations.ts';
import { catalogSchemas } from './queries/schemas.ts';
import { catalogSequences } from './queries/sequences.ts';
import { catalogTriggers } from './queries/triggers.ts';
import { catalogTypes } from './queries/types.ts';

const QUERIES = [
  catalogSchemas,
  catalogTypes,
  catalogRelations,
  catalogColumns,
  catalogConstraints,
  catalogIndexes,
  catalogFunctions,
  catalogTriggers,
  catalogSequences,
  catalogPublications,
  catalogOthers,
];

export interface SnapshotOptions {
  /** With owners and grants, as objects of the kind `privileges`. */
  readonly grants?: boolean;
}

const queriesFor = ({ grants = false }: SnapshotOptions) =>
  grants ? [...QUERIES, catalogPrivileges] : QUERIES;

/** What decides how the server writes a definition: names with their schema, and times the same everywhere. */
const SETTINGS: Readonly<Record<string, string>> = {
  search_path: '',
  datestyle: 'ISO, MDY',
  intervalstyle: 'postgres',
  timezone: 'UTC',
  bytea_output: 'hex',
  extra_float_digits: '1',
  quote_all_identifiers: 'off',
  // without it a backslash is written twice
  standard_conforming_strings: 'on',
  // how a constant of the type money is written
  lc_monetary: 'C',
  // of a large schema the compiling takes longer than the query
  jit: 'off',
};

/** An object went while its definition was being written: internal error in PostgreSQL's terms. */
const GONE = 'XX000';
const ATTEMPTS = 3;

/**
 * Takes down what the session's database is made of: schemas, extensions, types, tables, columns, constraints, indexes,
 * views, functions, triggers, rules, policies, sequences, publications and the rest, with comments. Not data,
 * subscriptions, nor what belongs to an extension; owners and grants where they are asked for. In a transaction of its own that reads only, so the session
 * must not be in one. Throws {@link DbError}.
 */
export async function takeSchemaSnapshot(
  session: Session,
  options: SnapshotOptions = {},
): Promise<SchemaSnapshot> {
  for (let attempt = 1; ; attempt++)
    try {
      return await within(session, ALONE, (one) => prepared(one, options));
    } catch (error) {
      if (!(error instanceof DbError) || error.code !== GONE || attempt === ATTEMPTS) throw error;
    }
}

/**
 * The same of what a transaction that is open in this session has made so far, which nobody else sees. It goes on as it
 * was. For a database that nobody else changes. Throws {@link DbError}.
 */
export function takeUncommittedSnapshot(session: Session): Promise<SchemaSnapshot> {
  return within(session, SAVED, unprepared);
}

type Read = (session: Session) => Promise<CatalogObject[]>;

const ALONE = { begin: 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY', end: 'ROLLBACK' };
/** What the transaction has set, a role or a timeout, does not decide what is seen, and is set again afterwards. */
const SAVED = {
  begin: 'SAVEPOINT pgdeck_snapshot; RESET SESSION AUTHORIZATION; RESET ROLE; RESET ALL',
  end: 'ROLLBACK TO SAVEPOINT pgdeck_snapshot; RELEASE SAVEPOINT pgdeck_snapshot',
};

async function within(session: Session, { begin, end }: typeof ALONE, read: Read): Promise<SchemaSnapshot> {
  await session.sql(begin);
  try {
    const objects = await readCatalog(session, read);
    return { formatVersion: FORMAT_VERSION, serverVersionNum: session.server.versionNum, objects };
  } finally {
    // nothing was written; where the connection is gone there is nothing to end
    await session.sql(end).catch(() => {});
  }
}

async function readCatalog(session: Session, read: Read): Promise<SchemaObject[]> {
  const settings = Object.entries(SETTINGS);
  await session.sql(
    `SELECT ${settings.map((_, i) => `set_config($${i * 2 + 1}, $${i * 2 + 2}, true)`).join(', ')}`,
    settings.flat(),
  );
  return (await read(session)).map(objectOf).sort(byPath);
}

async function prepared(session: Session, options: SnapshotOptions): Promise<CatalogObject[]> {
  return (await session.batch(queriesFor(options).map((query) => call(query, undefined)))).flatMap(rowsOf);
}

/** In a session of others' statements: DEALLOCATE or DISCARD may have taken what was prepared in it. */
async function unprepared(session: Session): Promise<CatalogObject[]> {
  const asked = QUERIES.map(async (query) => {
    const text = sqlFor(query, session.server);
    if (text === undefined) throw new DbError('unsupported', `There is no ${query.id} here.`);
    return (await session.sql(text)).map((row) => query.row.parse(row));
  });
  return (await Promise.all(asked)).flat();
}

function rowsOf(answer: Answer): readonly CatalogObject[] {
  if (!answer.ok) throw answer.error;
  return answer.rows as readonly CatalogObject[];
}

function objectOf({ kind, name, identity, attributes }: CatalogObject): SchemaObject {
  const ordered = Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    kind,
    name,
    ...(identity !== null && { identity }),
    attributes: Object.fromEntries(ordered),
  };
}
