import { setTimeout as delay } from 'node:timers/promises';
import { DbError } from '../../../db/errors.ts';
import type { MaintenanceLock } from '../../../db/queries/maintain/locks.ts';
import type { Session } from '../../../db/session.ts';
import { duration } from '../../../text/units.ts';
import { holderRemedy, holdersOf, holderText } from '../../database/holders.ts';
import type { StepIo } from '../../engine/plan.ts';
import { maintainErrors } from '../errors.ts';

/** A lock that somebody holds is asked for in short attempts. */
export interface Patience {
  /** Seconds that one attempt waits. Whoever comes later stands behind it for as long. */
  readonly lockTimeout: number;
  /** Seconds for all attempts and the pauses between them. */
  readonly wait: number;
}

export interface Wanted {
  /** For people: `shop.orders`. */
  readonly name: string;
  readonly oids: readonly number[];
  readonly mode: MaintenanceLock;
}

/** The pauses grow up to this many times the timeout. */
const LONGEST_PAUSE = 4;

/**
 * Tries until the lock is had. `attempt` must have a lock_timeout: waiting for AccessExclusiveLock makes everybody who
 * comes later wait too, so that between two attempts the queue has to be let through. Pauses differ by chance, lest two
 * runs always meet. Throws {@link OpError} that names who holds it when the time is over.
 */
export async function withLockRetries<T>(
  io: StepIo,
  { wanted, patience, look }: { wanted: Wanted; patience: Patience; look: () => Promise<Session> },
  attempt: () => Promise<T>,
): Promise<T> {
  const until = performance.now() + patience.wait * 1000;
  for (let tries = 1; ; tries++) {
    try {
      const done = await attempt();
      io.waits(undefined);
      return done;
    } catch (error) {
      if (!(error instanceof DbError) || error.code !== '55P03' || io.signal.aborted) throw error;
      const holder = await firstHolder(await look(), wanted);
      const pause = patience.lockTimeout * Math.min(tries, LONGEST_PAUSE) * (0.5 + Math.random());
      const left = (until - performance.now()) / 1000;
      if (left <= 0)
        throw maintainErrors.locked({ table: wanted.name, holder, tries, seconds: patience.wait }, error);
      const seconds = Math.min(pause, left);
      io.line(
        `${wanted.name} is ${holder?.text ?? 'locked by a session that has released it meanwhile'}; retry in ${duration(seconds)}`,
      );
      io.waits(holder?.who ?? `a lock on ${wanted.name}`, left);
      await delay(seconds * 1000, undefined, { signal: io.signal });
    }
  }
}

interface Holder {
  /** What it does to the table: `locked by session 4711 (…)`. */
  readonly text: string;
  readonly who: string;
  readonly remedy: string;
}

/** Whoever only waits for the table is in the way too: those that come later stand behind it. */
async function firstHolder(session: Session, { oids, mode }: Wanted): Promise<Holder | undefined> {
  const [first] = await holdersOf(session, oids, mode);
  if (first === undefined) return undefined;
  const who = holderText(first);
  return {
    who,
    text: first.granted ? `locked by ${who}` : `waited for by ${who}, which is ahead in the queue`,
    remedy: holderRemedy(first),
  };
}
