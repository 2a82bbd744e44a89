import { z } from 'zod';
import { column, defineQuery } from '../../query.ts';

/** Of everything that a run has opened, its programs' sessions too; no two runs have the same. */
interface RunName {
  readonly applicationName: string;
}

/** Asks every session of a run to end, in whatever database it is. One row for each; they may take a while to be gone. */
export const endRun = defineQuery({
  id: 'signal.end_run',
  needs: 'pg_signal_backend',
  variants: [
    {
      // in the list, not in the condition: there PostgreSQL could end others before it looks at their names
      sql: `SELECT /* pgdeck */ a.pid, pg_terminate_backend(a.pid) AS sent FROM pg_stat_activity a
WHERE a.application_name = $1::text AND a.pid <> pg_backend_pid()`,
    },
  ],
  row: z.object({ pid: z.int(), sent: z.boolean() }),
  params: ({ applicationName }: RunName) => [applicationName],
});

/** The sessions that a run has on the server now. */
export const runSessions = defineQuery({
  id: 'signal.run_sessions',
  variants: [
    {
      sql: `SELECT /* pgdeck */ a.pid, a.state FROM pg_stat_activity a
WHERE a.application_name = $1::text AND a.pid <> pg_backend_pid() ORDER BY a.pid`,
    },
  ],
  row: z.object({
    pid: z.int(),
    /** Null where this role may not see it. */
    state: column.text,
  }),
  params: ({ applicationName }: RunName) => [applicationName],
});
