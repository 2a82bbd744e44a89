import { databaseFacts } from '../../../db/queries/database/facts.ts';
import type { Session } from '../../../db/session.ts';
import { planningSession } from '../../database/maintenance.ts';
import { type Here, serverHere } from '../../engine/journal/server.ts';
import type { OpContext } from '../../engine/operation.ts';
import { isUnreachable } from '../../engine/run/unreachable.ts';
import type { Project } from '../file/read.ts';
import { type History, historyOf } from '../part/history.ts';

/** What there is of a project's database. */
export interface Situation {
  /** Why the server cannot be asked; undefined where it answers. */
  readonly away: Error | undefined;
  readonly here: Here;
  readonly version: string | undefined;
  /** The database to work from while there is none of the project's. */
  readonly from: string;
  /** null: there is no such database, or nobody can be asked. */
  readonly oid: number | null;
  readonly owner: string | undefined;
  /** How many tables people have made in it. */
  readonly tables: number;
  /** Roles of the file that are there. */
  readonly roles: ReadonlySet<string>;
  readonly history: History;
}

/** Looks at the server, the database and the journal. Throws DbError for what is no matter of the server being away. */
export async function situationOf(
  context: OpContext,
  { name, roles }: Pick<Project, 'name' | 'roles'>,
): Promise<Situation> {
  const here = await serverHere(context);
  const known = (oid: number | null) =>
    historyOf(context, here, { operation: 'db setup', database: name, oid });
  let session: Session;
  try {
    session = await planningSession(context);
  } catch (error) {
    if (!isUnreachable(error)) throw error;
    const nothing = { version: undefined, owner: undefined, tables: 0, roles: new Set<string>() };
    return { away: error, here, from: 'postgres', oid: null, ...nothing, history: known(null) };
  }
  const [facts] = await session.run(databaseFacts, { database: name });
  const there = await session.sql(
    'SELECT /* pgdeck */ rolname::text AS name FROM pg_catalog.pg_roles WHERE rolname = ANY ($1::text[])',
    [roles.map((role) => role.name)],
  );
  return {
    away: undefined,
    here,
    version: session.server.version,
    from: session.server.database,
    oid: facts?.oid ?? null,
    owner: facts?.owner,
    tables: facts === undefined ? 0 : await tablesIn(context, name),
    roles: new Set(there.map((row) => String(row.name))),
    history: known(facts?.oid ?? null),
  };
}

/** A session that is closed at once: nobody of ours is in it when it is worked on. */
async function tablesIn(context: OpContext, database: string): Promise<number> {
  const session = await context.open('pgdeck-plan', database, 'slow');
  try {
    const [row] = await session.sql(
      `SELECT /* pgdeck */ count(*)::int AS n FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'm', 'f') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'`,
    );
    return Number(row?.n);
  } finally {
    await session.close();
  }
}

/** Whether set-up has made the database that there is. */
export function madeBySetup(situation: Pick<Situation, 'history' | 'oid'>): boolean {
  const { history, oid } = situation;
  return history.parts.some(({ operation, facts }) => {
    if (operation !== 'db create' || oid === null) return false;
    const created = facts.db_created as { oid?: unknown } | undefined;
    // one that was killed in between has not noted which it was
    if (created === undefined) return facts.db_creating !== undefined && foundEmpty(situation);
    return created.oid === oid;
  });
}

/** Whether set-up has found nothing in it when it began: what is in it now it has made, or somebody since. */
export function foundEmpty({ history }: Pick<Situation, 'history'>): boolean {
  return history.runs.some(({ facts }) => (facts.about as { empty?: unknown } | undefined)?.empty === true);
}
