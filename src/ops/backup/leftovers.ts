import type { Session } from '../../db/session.ts';
import type { StepIo } from '../operation.ts';
import { discard } from '../repository/publish.ts';
import { findPartials, type Leftover } from '../repository/sweep.ts';
import { applicationNameOf } from '../run/runner.ts';

/** pg_dump outlives a pgdeck that is killed, and its transaction with it. The pids that were ended. */
export async function endBackends(session: Session, run: string): Promise<number[]> {
  // in the list, not in the condition: there PostgreSQL could end others before it looks at their names
  const rows = await session.sql(
    `SELECT pid, pg_terminate_backend(pid) AS ended FROM pg_stat_activity
     WHERE application_name = $1 AND pid <> pg_backend_pid()`,
    [applicationNameOf(run)],
  );
  return rows.map(({ pid }) => Number(pid));
}

/** What a run that is dead has left in a repository. */
export async function leftBy(repository: string, run: string): Promise<Leftover[]> {
  return (await findPartials(repository)).filter((one) => one.run === run && one.dead);
}

/** Removes what runs that were killed have left in the repository, and ends what they still have on the server. */
export async function sweep(io: StepIo, repository: string): Promise<void> {
  const dead = (await findPartials(repository)).filter((one) => one.dead);
  if (dead.length === 0) return;
  const session = await io.connect();
  try {
    for (const { run, path } of dead) {
      if (run !== null) await endBackends(session, run);
      await discard({ path });
      io.line(`removed ${path}, left by ${run === null ? 'a run that is not known' : `run ${run}`}`);
    }
  } finally {
    await session.close();
  }
}
