import { setTimeout as delay } from 'node:timers/promises';
import { freedBy, heldUpBy, waitGraph } from '../../db/blocking.ts';
import { type LockRow, lockTree } from '../../db/queries/locks.ts';
import type { Session } from '../../db/session.ts';
import { signalTargets } from './queries/signal.ts';
import type { Effect, Victim } from './types.ts';

/** Lock waits are read whole: a session left out would be missing from what is freed. */
const ALL_WAITERS = { limit: 10_000, waitingBlockers: 5 };

/** Who waits for whom now; of their statements so many characters are read. */
export async function waitingRows(session: Session, queryChars = 0): Promise<readonly LockRow[]> {
  return session.run(lockTree, { ...ALL_WAITERS, queryChars });
}

/** Who waits behind the victims. A victim that waits itself is not freed but gone. */
export function waitersBehind(victims: readonly Victim[]): ReadonlySet<number> {
  const gone = new Set(victims.map((victim) => victim.target.pid));
  return new Set(victims.flatMap((victim) => victim.blocks).filter((pid) => !gone.has(pid)));
}

/** Seconds that those who follow in turn are given to come through, so that they are counted as what they are. */
const TURNS_SECONDS = 1;
const PAUSE_MS = 50;

/** What the signals did for those behind the victims. Throws {@link DbError}. */
export async function effectOn(
  behind: ReadonlySet<number>,
  session: Session,
  signal?: AbortSignal,
): Promise<Effect['waiters']> {
  const deadline = performance.now() + TURNS_SECONDS * 1000;
  for (;;) {
    const seen = await countWaiters(behind, session);
    if (seen.inTurn === 0 || performance.now() >= deadline || signal?.aborted) return seen;
    await delay(PAUSE_MS, undefined, { signal }).catch(() => {});
  }
}

async function countWaiters(
  behind: ReadonlySet<number>,
  session: Session,
): Promise<NonNullable<Effect['waiters']>> {
  const graph = waitGraph(await waitingRows(session));
  const left = [...behind].filter((pid) => graph.has(pid));
  // those released are still there: an advisory lock that one has got may last as long as its session
  const released = new Set([...behind].filter((pid) => !graph.has(pid)));
  // who has died or been ended by others meanwhile has got nothing
  const there = await session.run(signalTargets, { pids: [...released] });
  const gone = released.size - there.length;
  const turns = new Set(freedBy(graph, released, 'cancelled'));
  const waiting = left.filter((pid) => !turns.has(pid));
  return {
    freed: there.length,
    inTurn: left.length - waiting.length,
    waiting: waiting.length,
    by: heldUpBy(graph, waiting),
    ...(gone > 0 && { gone }),
  };
}
