import { z } from 'zod';
import { defineQuery } from '../../../db/query.ts';

const sent = z.object({ pid: z.int(), sent: z.boolean() });

/** What is to be seen of a session by a role without pg_read_all_stats. */
export interface VisibleName {
  readonly pid: number;
  readonly usename: string | null;
  readonly datname: string | null;
  readonly application_name: string | null;
}

const nameParams = (name: VisibleName) => [name.pid, name.usename, name.datname, name.application_name];

// pg_stat_replication shows its pids to everybody, while backend_type is hidden
const byName = `SELECT a.pid FROM pg_stat_activity a
  WHERE a.pid = $1::int AND a.pid <> pg_backend_pid() AND a.usename = $2::text AND a.datname = $3::text
    AND a.application_name IS NOT DISTINCT FROM $4::text
    AND NOT EXISTS (SELECT FROM pg_stat_replication r WHERE r.pid = a.pid)`;

const signalByName = (id: string, send: string) =>
  defineQuery({
    id,
    needs: 'pg_signal_backend',
    variants: [
      {
        sql: `WITH victim AS MATERIALIZED (
  ${byName})
SELECT /* pgdeck */ v.pid, ${send}(v.pid) AS sent FROM victim v`,
      },
    ],
    row: sent,
    params: nameParams,
  });

/** Cancels by pid, role, database and application: all that can be compared while backend_start is hidden. */
export const cancelByName = signalByName('signal.cancel_by_name', 'pg_cancel_backend');

/** The same for pg_terminate_backend. */
export const terminateByName = signalByName('signal.terminate_by_name', 'pg_terminate_backend');

/** One row while a session of that name has the pid. */
export const stillByName = defineQuery({
  id: 'signal.still_by_name',
  variants: [{ sql: byName.replace('SELECT a.pid', 'SELECT /* pgdeck */ a.pid') }],
  row: z.object({ pid: z.int() }),
  params: nameParams,
});
