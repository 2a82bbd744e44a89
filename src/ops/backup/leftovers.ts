import { endRun } from '../../db/queries/signal/run.ts';
import type { StepIo } from '../engine/plan.ts';
import { applicationNameOf } from '../engine/run/runner.ts';
import { discard } from '../repository/publish.ts';
import { findPartials, type Leftover } from '../repository/sweep.ts';

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
      // pg_dump outlives a pgdeck that is killed, and its transaction with it
      if (run !== null) await session.run(endRun, { applicationName: applicationNameOf(run) });
      await discard({ path });
      io.line(`removed ${path}, left by ${run === null ? 'a run that is not known' : `run ${run}`}`);
    }
  } finally {
    await session.close();
  }
}
