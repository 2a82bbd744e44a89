import { z } from 'zod';
import { microseconds } from '../../../db/queries/fragments.ts';
import { defineQuery } from '../../../db/query.ts';

/** Ends a session only if it still idles since the statement that was its last when it was chosen. */
export const signalIdle = defineQuery({
  id: 'signal.idle',
  needs: 'pg_signal_backend',
  variants: [
    {
      // materialized, so that the signal is sent to what the guard let through and nothing else
      sql: `WITH victim AS MATERIALIZED (
  SELECT a.pid FROM pg_stat_activity a
  WHERE a.pid = $1::int AND a.pid <> pg_backend_pid() AND a.state = 'idle' AND ${microseconds('a.backend_start')} = $2::float8
    AND ${microseconds('a.query_start')} IS NOT DISTINCT FROM $3::float8)
SELECT /* pgdeck */ v.pid, pg_terminate_backend(v.pid) AS sent FROM victim v`,
    },
  ],
  row: z.object({ pid: z.int(), sent: z.boolean() }),
  params: (input: { pid: number; backendStart: number; queryStart: number | null }) => [
    input.pid,
    input.backendStart,
    input.queryStart,
  ],
});
