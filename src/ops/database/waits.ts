import { setTimeout as delay } from 'node:timers/promises';
import { reindexBlockers } from '../../db/queries/reindex/waits.ts';
import type { Session } from '../../db/session.ts';
import type { StepIo } from '../engine/plan.ts';
import { holderRemedy, holderText, type Who } from './holders.ts';

/** Whoever blocks at one look only has gone by the next. */
const EVERY_MS = 1_000;

/** Says of everybody who blocks at two looks who it is, until `signal` says that it is over. Rejects when it is, or a look fails. */
export async function tellBlockers(
  look: () => Promise<readonly Who[]>,
  { line, waits }: Pick<StepIo, 'line' | 'waits'>,
  signal: AbortSignal,
): Promise<never> {
  const told = new Set<number | null>();
  let before = new Set<number | null>();
  for (;;) {
    await delay(EVERY_MS, undefined, { signal });
    const blockers = await look();
    for (const one of blockers)
      if (before.has(one.pid) && !told.has(one.pid) && !signal.aborted) {
        told.add(one.pid);
        line(`Waits for ${holderText(one)}. ${holderRemedy(one)}`);
      }
    const first = blockers.find((one) => before.has(one.pid));
    waits(first && waitedFor(first, blockers.length - 1));
    before = new Set(blockers.map((one) => one.pid));
  }
}

const waitedFor = (one: Who, more: number) => `${holderText(one)}${more > 0 ? ` and ${more} more` : ''}`;

/** Says whom backend `pid` waits for, until `signal` says that it is over. Never throws: what nobody can watch goes on all the same. */
export async function tellWaits(
  io: Pick<StepIo, 'line' | 'waits'>,
  session: Session,
  pid: number,
  signal: AbortSignal,
): Promise<void> {
  // over, or the connection is
  await tellBlockers(() => session.run(reindexBlockers, { pid }), io, signal).catch(() => {});
}
