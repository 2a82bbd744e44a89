import { setTimeout as delay } from 'node:timers/promises';
import type { Session } from '../../../db/session.ts';
import { reindexBlockers } from '../../../db/views/reindex/waits.ts';
import type { StepIo } from '../../engine/operation.ts';
import { holderRemedy, holderText } from './holders.ts';

/** Who is in the way at one look only has gone by the next. */
const EVERY_MS = 1_000;

/** Says whom backend `pid` waits for, until `signal` says that it is over. Never throws: what nobody can watch goes on all the same. */
export async function tellWaits(
  io: StepIo,
  session: Session,
  pid: number,
  signal: AbortSignal,
): Promise<void> {
  const told = new Set<number | null>();
  let before = new Set<number | null>();
  try {
    for (;;) {
      await delay(EVERY_MS, undefined, { signal });
      const blockers = await session.run(reindexBlockers, { pid });
      for (const one of blockers)
        if (before.has(one.pid) && !told.has(one.pid) && !signal.aborted) {
          told.add(one.pid);
          io.line(`It waits for ${holderText(one)}. ${holderRemedy(one)}`);
        }
      before = new Set(blockers.map((one) => one.pid));
    }
  } catch {
    // over, or the connection is
  }
}
