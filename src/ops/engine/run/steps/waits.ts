import { runBlockers } from '../../../../db/queries/signal/run.ts';
import type { Session } from '../../../../db/session.ts';
import { maintenanceSession } from '../../../database/maintenance.ts';
import { tellBlockers } from '../../../database/waits.ts';
import type { OpContext } from '../../operation.ts';
import type { Step, StepIo } from '../../plan.ts';

/**
 * Says whom the backends of a run wait for, its programs' too, until `signal` says that it is over. Never throws: what
 * nobody can watch goes on all the same. It looks from a database of its own, which nobody renames or drops.
 */
async function tellRunWaits(
  context: OpContext,
  applicationName: string,
  io: Pick<StepIo, 'line' | 'waits'>,
  signal: AbortSignal,
): Promise<void> {
  let session: Session | undefined;
  const look = async () => {
    session ??= await maintenanceSession(context, 'pgdeck-watch');
    return session.run(runBlockers, { applicationName });
  };
  // over, or the connection is
  await tellBlockers(look, io, signal).catch(() => {});
  await session?.close();
}

/** Runs a step; of one that may wait for a lock it is told for whom. Answers what the step answers. */
export async function runWatched(step: Step, io: StepIo, context: OpContext): Promise<unknown> {
  if (step.waits !== true) return step.run(io);
  const over = new AbortController();
  const watch = tellRunWaits(context, io.applicationName, io, over.signal);
  try {
    return await step.run(io);
  } finally {
    over.abort();
    await watch;
  }
}
