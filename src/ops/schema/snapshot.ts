import { DbError } from '../../db/errors.ts';
import { type Answer, call, type Session } from '../../db/session.ts';
import { catalogColumns } from '../../db/views/catalog/columns.ts';
import { catalogConstraints } from '../../db/views/catalog/constraints.ts';
import { catalogFunctions } from '../../db/views/catalog/functions.ts';
import { catalogIndexes } from '../../db/views/catalog/indexes.ts';
import type { CatalogObject } from '../../db/views/catalog/object.ts';
import { catalogOthers } from '../../db/views/catalog/others.ts';
import { catalogPublications } from '../../db/views/catalog/publications.ts';
import { catalogRelations } from '../../db/views/catalog/relations.ts';
import { catalogSchemas } from '../../db/views/catalog/schemas.ts';
import { catalogSequences } from '../../db/views/catalog/sequences.ts';
import { catalogTriggers } from '../../db/views/catalog/triggers.ts';
import { catalogTypes } from '../../db/views/catalog/types.ts';
import { byPath, FORMAT_VERSION, type SchemaObject, type SchemaSnapshot } from './format.ts';

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

/** What decides how the server writes a definition: names with their schema, and times the same everywhere. */
const SETTINGS: Readonly<Record<string, string>> = {
  search_path: '',
  datestyle: 'ISO, MDY',
  intervalstyle: 'postgres',
  timezone: 'UTC',
  bytea_output: 'hex',
  extra_float_digits: '1',
  quote_all_identifiers: 'off',
  // of a large schema the compiling takes longer than the query
  jit: 'off',
};

/** An object went while its definition was being written: internal error in PostgreSQL's terms. */
const GONE = 'XX000';
const ATTEMPTS = 3;

/**
 * Takes down what the session's database is made of: schemas, extensions, types, tables, columns, constraints, indexes,
 * views, functions, triggers, rules, policies, sequences, publications and the rest, with comments. Not owners, grants,
 * data, subscriptions, nor what belongs to an extension. In a transaction of its own that reads only, so the session
 * must not be in one. Throws {@link DbError}.
 */
export async function takeSchemaSnapshot(session: Session): Promise<SchemaSnapshot> {
  for (let attempt = 1; ; attempt++)
    try {
      const objects = await readCatalog(session);
      return { formatVersion: FORMAT_VERSION, serverVersionNum: session.server.versionNum, objects };
    } catch (error) {
      if (!(error instanceof DbError) || error.code !== GONE || attempt === ATTEMPTS) throw error;
    }
}

async function readCatalog(session: Session): Promise<SchemaObject[]> {
  await session.sql('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  try {
    const settings = Object.entries(SETTINGS);
    await session.sql(
      `SELECT ${settings.map((_, i) => `set_config($${i * 2 + 1}, $${i * 2 + 2}, true)`).join(', ')}`,
      settings.flat(),
    );
    const answers = await session.batch(QUERIES.map((query) => call(query, undefined)));
    return answers.flatMap(rowsOf).map(objectOf).sort(byPath);
  } finally {
    // nothing was written; where the connection is gone there is nothing to end
    await session.sql('ROLLBACK').catch(() => {});
  }
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
