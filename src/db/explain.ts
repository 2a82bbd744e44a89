import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { DbError } from './errors.ts';
import { readPlan } from './explain/plan.ts';
import { parametersOf, readable } from './explain/text.ts';
import { quoteIdent } from './ident.ts';
import { defineQuery } from './query.ts';
import type { Session } from './session.ts';

/** Statements that EXPLAIN takes and that their text alone describes. */
const EXPLAINABLE =
  /^(?:\s|\(|--[^\n]*\n|\/\*[\s\S]*?\*\/)*(select|insert|update|delete|merge|with|values|table)\b/i;

/**
 * Why a statement cannot be explained, or undefined when it can.
 *
 * @param truncatedAt the length at which the server cuts texts (track_activity_query_size - 1); undefined for texts
 *   that are never cut
 */
export function unexplainable(query: string, truncatedAt?: number): string | undefined {
  if (query.trim() === '') return 'There is no query text.';
  if (truncatedAt !== undefined && Buffer.byteLength(query) >= truncatedAt)
    return 'The text is cut off at track_activity_query_size, so it is no complete query.';
  if (!EXPLAINABLE.test(query))
    return 'Only SELECT, INSERT, UPDATE, DELETE, MERGE, VALUES and WITH can be explained.';
  return undefined;
}

/**
 * Roles without superuser rights, other than this one, whose functions planning may run.
 *
 * The planner folds immutable functions and calls stable ones for its estimates, with the rights of whoever asks for
 * the plan; a read-only transaction does not keep such a function from reaching outside of the database.
 */
export const functionOwners = defineQuery({
  id: 'explain.function_owners',
  variants: [
    {
      sql: `SELECT /* pgdeck */ DISTINCT r.rolname::text FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_roles r ON r.oid = p.proowner
WHERE p.provolatile IN ('i', 's') AND p.pronamespace <> 'pg_catalog'::regnamespace
  AND NOT r.rolsuper AND r.rolname <> current_user ORDER BY 1 LIMIT 5`,
    },
  ],
  row: z.object({ rolname: z.string() }),
});

/**
 * The plan of a statement, as the planner makes it now, for whatever its parameters are; the statement is never run.
 *
 * In a read-only transaction that is rolled back. That a text holds one command only is for the server to say: it is
 * sent as a message that takes no second one before it is sent as anything else. `path`: the schemas that its names are
 * looked for in, or a search_path as a setting has it. Throws {@link DbError}.
 */
export async function explain(session: Session, query: string, path?: Path): Promise<string[]> {
  const rows = await ask(session, query, path, 'TEXT');
  return rows.map((row) => String(row['QUERY PLAN']));
}

/** The same as data: the tree, and what the server has said word by word. Throws {@link DbError}. */
export async function explainTree(
  session: Session,
  query: string,
  path?: Path,
): Promise<ReturnType<typeof readPlan>> {
  const [row] = await ask(session, query, path, 'JSON');
  return readPlan(row?.['QUERY PLAN']);
}

/** Schemas in their order, or the text of a search_path. */
export type Path = readonly string[] | string;

type Rows = Record<string, unknown>[];
type Format = 'TEXT' | 'JSON';

/** SQLSTATE of a parameter whose type nothing says: `$1 IS NULL`. */
const INDETERMINATE = '42P18';

/** SQLSTATE of a column that is not grouped by. */
const GROUPING = '42803';
/** `GROUP BY date_trunc('month', at)` and the same in the list are two constants to pg_stat_statements. */
const SPLIT =
  ' Constants that were the same are parameters of their own now, so it is no statement any more: give it with its values.';

async function ask(session: Session, query: string, path: Path | undefined, format: Format): Promise<Rows> {
  const text = readable(query.trim().replace(/;\s*$/, ''));
  const used = parametersOf(text);
  const count = Math.max(0, ...used);
  // one that is not in the text is of no type to the server either
  const types = Array.from({ length: count }, (_, i) => (used.has(i + 1) ? 'unknown' : 'text'));
  for (;;) {
    try {
      return await once(session, text, types, path, format);
    } catch (error) {
      // the number is the only digits of the message, in every language
      const vague =
        error instanceof DbError && error.code === INDETERMINATE && /\$(\d+)/.exec(error.message)?.[1];
      if (!vague || types[Number(vague) - 1] !== 'unknown') throw error;
      types[Number(vague) - 1] = 'text';
    }
  }
}

async function once(
  session: Session,
  text: string,
  types: readonly string[],
  path: Path | undefined,
  format: Format,
): Promise<Rows> {
  // all sent before the first answer: no other question of this session can get into the transaction
  const begun = [
    session.sql('BEGIN READ ONLY'),
    // a pooler may have kept our timeouts back
    session.sql(`SET LOCAL lock_timeout = '200ms'; SET LOCAL statement_timeout = '10s'`),
    // the names in the text were meant for that session's path, not for ours
    session.sql("SELECT set_config('search_path', $1, true)", [pathText(path)]),
  ];
  const { plan, around } =
    types.length > 0
      ? prepared(session, text, types, format)
      : { plan: plain(session, text, format), around: [] };
  const sent = await Promise.allSettled([...begun, ...around, plan, session.sql('ROLLBACK')]);
  const failed = sent.find((one) => one.status === 'rejected');
  if (failed === undefined) return plan;
  // a pooler in statement mode refuses BEGIN, says why there only, and hangs up
  const error: unknown = failed.reason;
  if (error instanceof DbError && error.kind !== 'lost')
    throw new DbError(
      error.kind,
      `EXPLAIN failed: ${error.message}${types.length > 0 && error.code === GROUPING ? SPLIT : ''}`,
      {
        ...(error.code && { code: error.code }),
      },
    );
  throw error;
}

/** A search_path as a setting has it; without one what a session begins with. */
export function pathText(path: Path | undefined): string {
  if (path === undefined) return '"$user", public';
  return typeof path === 'string' ? path : path.map(quoteIdent).join(', ');
}

/**
 * With options in parentheses an ANALYZE at the head of the text is a syntax error: nobody can smuggle one in behind a
 * comment that we read differently than the server does.
 */
function plain(session: Session, text: string, format: Format): Promise<Rows> {
  return session.single(`EXPLAIN (ANALYZE FALSE, FORMAT ${format}) ${text}`);
}

/** The first major version with EXPLAIN (GENERIC_PLAN). */
const GENERIC = 16;

/**
 * A text with parameters is prepared, and planned for none of their values. PREPARE takes no EXPLAIN and no ANALYZE.
 *
 * From 16 on GENERIC_PLAN leaves in the plan what NULL would prune from it, the partitions of a table. It cannot be had
 * in the extended protocol, which takes the text's parameters for those of the message (08P01, 16 to 18). The simple one
 * takes a second command: so the text is prepared first, which proves that it is none. Where it is not, the transaction
 * has failed, and the server does nothing of the rest: each text begins with EXPLAIN.
 */
function prepared(session: Session, text: string, types: readonly string[], format: Format) {
  // a pooler may hand out a connection that has the name of before
  const name = `pgdeck_explain_${randomBytes(6).toString('hex')}`;
  const before = [
    session.sql('SET LOCAL plan_cache_mode = force_generic_plan'),
    session.single(`PREPARE ${name} (${types.join(', ')}) AS ${text}`),
    session.sql('SAVEPOINT pgdeck_explain'),
  ];
  const nulls = types.map(() => 'NULL').join(', ');
  const plan = session.sql(
    session.server.major >= GENERIC
      ? `EXPLAIN (GENERIC_PLAN, FORMAT ${format}) ${text}`
      : `EXPLAIN (FORMAT ${format}) EXECUTE ${name} (${nulls})`,
  );
  // what is prepared does not end with the transaction
  const after = [session.sql('ROLLBACK TO pgdeck_explain'), session.sql(`DEALLOCATE ${name}`)];
  // what fails first says why: the rest fails for it
  return { plan, around: [...before, plan, ...after] };
}
