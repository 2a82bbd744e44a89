import { z } from 'zod';
import { column, defineQuery } from '../../query.ts';
import { HOLDER_COLUMNS, holderColumns } from '../fragments.ts';

/** What the sessions of a run, and those of its programs, have in common. */
interface RunName {
  /** No two runs have the same. Anybody can choose it, so it proves nothing alone. */
  readonly applicationName: string;
  /** The role that the run has logged in as; absent, the one that asks. Nobody becomes it without its password. */
  readonly role?: string | undefined;
}

const OF_THE_RUN =
  'a.application_name = $1::text AND a.usename = coalesce($2::name, session_user) AND a.pid <> pg_backend_pid()';

/** Asks every session of a run to end, in whatever database it is. One row for each; they may take a while to be gone. */
export const endRun = defineQuery({
  id: 'signal.end_run',
  needs: 'pg_signal_backend',
  variants: [
    {
      // in the list, not in the condition: there PostgreSQL could end others before it looks at their names
      sql: `SELECT /* pgdeck */ a.pid, pg_terminate_backend(a.pid) AS sent FROM pg_stat_activity a
WHERE ${OF_THE_RUN}`,
    },
  ],
  row: z.object({ pid: z.int(), sent: z.boolean() }),
  params: ({ applicationName, role }: RunName) => [applicationName, role ?? null],
});

/** The sessions that a run has on the server now. */
export const runSessions = defineQuery({
  id: 'signal.run_sessions',
  variants: [
    {
      sql: `SELECT /* pgdeck */ a.pid, a.state FROM pg_stat_activity a
WHERE ${OF_THE_RUN} ORDER BY a.pid`,
    },
  ],
  row: z.object({
    pid: z.int(),
    /** Null where this role may not see it. */
    state: column.text,
  }),
  params: ({ applicationName, role }: RunName) => [applicationName, role ?? null],
});

/** Whom the sessions of a run wait for now, others only; no row when they wait for nobody. */
export const runBlockers = defineQuery({
  id: 'signal.run_blockers',
  needs: 'pg_read_all_stats',
  variants: [
    {
      // pg_blocking_pids takes every lock partition: asked for those that wait only
      sql: `SELECT /* pgdeck */ DISTINCT nullif(b.pid, 0) AS pid, ${HOLDER_COLUMNS}
FROM (SELECT w.pid FROM pg_stat_activity w WHERE w.application_name = $1::text AND w.wait_event_type = 'Lock') w
  CROSS JOIN LATERAL unnest(pg_blocking_pids(w.pid)) b (pid) LEFT JOIN pg_stat_activity a ON a.pid = b.pid
WHERE a.application_name IS DISTINCT FROM $1::text ORDER BY 1`,
    },
  ],
  row: z.object(holderColumns),
  params: ({ applicationName }: RunName) => [applicationName],
});
