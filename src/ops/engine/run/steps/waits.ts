import { setTimeout as delay } from 'node:timers/promises';
import type { Session } from '../../../../db/session.ts';
import { runBlockers } from '../../../../db/views/signal/run.ts';
import { holderRemedy, holderText } from '../../../maintain/shared/holders.ts';
import type { OpContext } from '../../context.ts';
import type { Step, StepIo } from '../../operation.ts';
import { maintenanceSession } from '../lock.ts';

/** Whoever is in the way at one look only has gone by the next. */
const EVERY_MS = 1_000;

/**
 * Says whom the backends of a run wait for, its programs' too, until `signal` says that it is over. Never throws: what
 * nobody can watch goes on all the same. It looks from a database of its own, which nobody renames or drops.
 */
async function tellRunWaits(
  context: OpContext,
  applicationName: string,
  line: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const told = new Set<number | null>();
  let before = new Set<number | null>();
  let session: Session | undefined;
  try {
    for (;;) {
      await delay(EVERY_MS, undefined, { signal });
      session ??= await maintenanceSession(context, 'pgdeck-watch');
      const blockers = await session.run(runBlockers, { applicationName });
      for (const one of blockers)
        if (before.has(one.pid) && !told.has(one.pid) && !signal.aborted) {
          told.add(one.pid);
          line(`It waits for ${holderText(one)}. ${holderRemedy(one)}`);
        }
      before = new Set(blockers.map((one) => one.pid));
    }
  } catch {
    // over, or the connection is
  } finally {
    await session?.close();
  }
}

/** Runs a step; of one that may wait for a lock it is told for whom. */
export async function runWatched(step: Step, io: StepIo, context: OpContext): Promise<void> {
  if (step.waits !== true) return step.run(io);
  const over = new AbortController();
  const watch = tellRunWaits(context, io.applicationName, io.line, over.signal);
  try {
    await step.run(io);
  } finally {
    over.abort();
    await watch;
  }
}
