import { z } from 'zod';
import { DbError } from './errors.ts';
import { defineQuery } from './query.ts';
import type { Server } from './server.ts';
import type { Session } from './session.ts';

/** Statements that EXPLAIN takes and that their text alone describes. */
const EXPLAINABLE =
  /^(?:\s|--[^\n]*\n|\/\*[\s\S]*?\*\/)*(select|insert|update|delete|merge|with|values|table)\b/i;
const PLACEHOLDER = /\$\d/;

/**
 * Why a statement cannot be explained, or undefined when it can.
 *
 * @param truncatedAt the length at which the server cuts texts (track_activity_query_size - 1); undefined for texts
 *   that are never cut
 */
export function unexplainable(query: string, server: Server, truncatedAt?: number): string | undefined {
  if (query.trim() === '') return 'There is no query text.';
  if (truncatedAt !== undefined && Buffer.byteLength(query) >= truncatedAt)
    return 'The text is cut off at track_activity_query_size, so it is no complete query.';
  if (!EXPLAINABLE.test(query))
    return 'Only SELECT, INSERT, UPDATE, DELETE, MERGE, VALUES and WITH can be explained.';
  if (PLACEHOLDER.test(query) && server.major < 16)
    return 'The text has parameters ($1); explaining it without their values needs PostgreSQL 16.';
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
 * The plan of a statement, as the planner makes it now; the statement is never run.
 *
 * Sent as one extended-protocol message, so that a text that holds a second command is refused by the server, inside
 * a read-only transaction that is rolled back. Throws {@link DbError}.
 */
export async function explain(session: Session, query: string): Promise<string[]> {
  // with options in parentheses an ANALYZE at the head of the text is a syntax error: nobody can smuggle one in
  // behind a comment that we read differently than the server does
  const options = PLACEHOLDER.test(query) ? 'GENERIC_PLAN' : 'ANALYZE FALSE';
  // all sent before the first answer: no other question of this session can get into the transaction
  const sent = await Promise.allSettled([
    session.sql('BEGIN READ ONLY'),
    // the names in the text were meant for that session's path, not for ours; a pooler may have kept our timeouts back
    session.sql(
      `SET LOCAL search_path = "$user", public; SET LOCAL lock_timeout = '200ms'; SET LOCAL statement_timeout = '10s'`,
    ),
    session.single(`EXPLAIN (${options}) ${query.trim().replace(/;\s*$/, '')}`),
    session.sql('ROLLBACK'),
  ]);
  const plan = sent[2];
  if (plan.status === 'fulfilled') return plan.value.map((row) => String(row['QUERY PLAN']));
  // a pooler in statement mode refuses BEGIN, says why there only, and hangs up
  const error: unknown = sent[0].status === 'rejected' ? sent[0].reason : plan.reason;
  if (error instanceof DbError && error.kind !== 'lost')
    throw new DbError(error.kind, `EXPLAIN failed: ${error.message}`, {
      ...(error.code && { code: error.code }),
    });
  throw error;
}
