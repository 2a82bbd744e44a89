import type { Session } from '../../../../db/session.ts';
import type { StepIo } from '../../../engine/plan.ts';
import type { Task } from '../sql/script.ts';

const POLL_MS = 500;

/** Tells how many rows have been read, from the server's own count (from 14 on); it never fails the step. */
export function watchRows(io: StepIo, { units, gone, major }: Task): { stop(): Promise<void> } {
  if (major < 14) return { stop: async () => {} };
  const known = [...units, ...gone].map(({ rows }) => rows);
  const of = known.every((rows) => rows !== null) ? known.reduce((sum, rows) => sum + rows, 0) : undefined;
  let earlier = 0;
  let current = 0;
  const poll = async (session: Session) => {
    const [row] = await session.sql(
      `SELECT p.tuples_processed::float8 AS rows FROM pg_stat_progress_copy p JOIN pg_stat_activity a USING (pid)
       WHERE a.application_name = $1 AND p.command = 'COPY FROM'`,
      [io.applicationName],
    );
    const rows = Number(row?.rows ?? current);
    // the next table begins at nothing
    if (rows < current) earlier += current;
    current = rows;
    io.progress({ label: 'rows read', done: earlier + rows, ...(of !== undefined && { of }), unit: 'rows' });
  };
  const stopped = Promise.withResolvers<void>();
  let on = true;
  const watching = (async () => {
    const session = await io.connect();
    while (on) {
      const timer = Promise.withResolvers<void>();
      const handle = setTimeout(timer.resolve, POLL_MS);
      await Promise.race([timer.promise, stopped.promise]);
      clearTimeout(handle);
      if (on) await poll(session);
    }
    await session.close();
  })().catch(() => {});
  return {
    stop: async () => {
      on = false;
      stopped.resolve();
      await watching;
    },
  };
}
