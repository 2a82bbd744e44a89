import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { DbError } from './errors.ts';
import { quoteIdent } from './ident.ts';
import { defineQuery } from './query.ts';
import type { Session } from './session.ts';

/** Statements that EXPLAIN takes and that their text alone describes. */
const EXPLAINABLE =
  /^(?:\s|--[^\n]*\n|\/\*[\s\S]*?\*\/)*(select|insert|update|delete|merge|with|values|table)\b/i;
/** What in a text is no SQL of its own, and, captured, the number of a parameter. */
const PARAMETER =
  /[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?\*\/|\$([A-Za-z_]\w*)?\$[\s\S]*?\$\1\$|\$(\d+)/g;

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
 * A constant such as `date '2026-01-01'` is kept as `date $1` (pg_stat_statements), which no server reads (18 neither):
 * the same is written as a cast.
 */
function withCasts(query: string): string {
  let at = 0;
  let cast = '';
  // what is quoted or a comment is left as it is
  for (const found of query.matchAll(PARAMETER)) {
    const before = query.slice(at, found.index);
    const [typed, type] = (found[2] !== undefined && TYPED.exec(before)) || [];
    cast += typed === undefined ? before + found[0] : `${before.slice(0, -typed.length)}${found[0]}::${type}`;
    at = found.index + found[0].length;
  }
  return cast + query.slice(at);
}

/** The types of which a constant is written with their name before it. */
const TYPED =
  /(?<![\w."$])((?:date|timestamptz|timetz|interval|(?:timestamp|time)(?:\s*\(\d\))?(?:\s+with(?:out)?\s+time\s+zone)?))\s+$/i;

/** How many parameters a text has: the highest number of one. */
function parametersOf(query: string): number {
  return [...query.matchAll(PARAMETER)].reduce((most, match) => Math.max(most, Number(match[2] ?? 0)), 0);
}

/**
 * The plan of a statement, as the planner makes it now, for whatever its parameters are; the statement is never run.
 *
 * Sent as one extended-protocol message, so that a text that holds a second command is refused by the server, inside
 * a read-only transaction that is rolled back. `schemas`: where its names are looked for. Throws {@link DbError}.
 */
export async function explain(
  session: Session,
  query: string,
  schemas?: readonly string[],
): Promise<string[]> {
  const text = withCasts(query.trim().replace(/;\s*$/, ''));
  const parameters = parametersOf(text);
  const path = schemas === undefined ? '"$user", public' : schemas.map(quoteIdent).join(', ') || "''";
  // all sent before the first answer: no other question of this session can get into the transaction
  const begun = [
    session.sql('BEGIN READ ONLY'),
    // the names in the text were meant for that session's path, not for ours; a pooler may have kept our timeouts back
    session.sql(
      `SET LOCAL search_path = ${path}; SET LOCAL lock_timeout = '200ms'; SET LOCAL statement_timeout = '10s'`,
    ),
  ];
  const { plan, around } =
    parameters > 0 ? prepared(session, text, parameters) : { plan: plain(session, text), around: [] };
  const sent = await Promise.allSettled([...begun, ...around, plan, session.sql('ROLLBACK')]);
  const failed = sent.find((one) => one.status === 'rejected');
  if (failed === undefined) return (await plan).map((row) => String(row['QUERY PLAN']));
  // a pooler in statement mode refuses BEGIN, says why there only, and hangs up
  const error: unknown = failed.reason;
  if (error instanceof DbError && error.kind !== 'lost')
    throw new DbError(error.kind, `EXPLAIN failed: ${error.message}`, {
      ...(error.code && { code: error.code }),
    });
  throw error;
}

/**
 * With options in parentheses an ANALYZE at the head of the text is a syntax error: nobody can smuggle one in behind a
 * comment that we read differently than the server does.
 */
function plain(session: Session, text: string) {
  return session.single(`EXPLAIN (ANALYZE FALSE) ${text}`);
}

/**
 * A text with parameters is prepared, and planned for none of their values. GENERIC_PLAN (16) cannot be had in the
 * extended protocol, which takes the text's parameters for those of the message. PREPARE takes no EXPLAIN and no ANALYZE.
 */
function prepared(session: Session, text: string, parameters: number) {
  // a pooler may hand out a connection that has the name of before
  const name = `pgdeck_explain_${randomBytes(6).toString('hex')}`;
  const nulls = Array.from({ length: parameters }, () => 'NULL').join(', ');
  const before = [
    session.sql('SET LOCAL plan_cache_mode = force_generic_plan'),
    session.single(`PREPARE ${name} AS ${text}`),
    session.sql('SAVEPOINT pgdeck_explain'),
  ];
  const plan = session.sql(`EXPLAIN EXECUTE ${name} (${nulls})`);
  // what is prepared does not end with the transaction
  const after = [session.sql('ROLLBACK TO pgdeck_explain'), session.sql(`DEALLOCATE ${name}`)];
  // what fails first says why: the rest fails for it
  return { plan, around: [...before, plan, ...after] };
}
