import { setTimeout as delay } from 'node:timers/promises';
import { DbError } from '../../../db/errors.ts';
import { quoteIdent } from '../../../db/ident.ts';
import type { Session } from '../../../db/session.ts';
import { duration } from '../../../text/units.ts';
import { holderRemedy, holdersOf, holderText } from '../../database/holders.ts';
import type { StepIo } from '../../engine/plan.ts';
import { OpError } from '../../error.ts';
import type { Patience } from '../../maintain/shared/retry.ts';
import type { LockTaken } from '../sql/statement.ts';
import { runErrors } from './errors.ts';

const FIRST_PAUSE = 0.2;
const LONGEST_PAUSE = 10;

/** Lock not to be had in time, and deadlock: the server has rolled everything back. */
const AGAIN = new Set(['55P03', '40P01']);

/**
 * Repeats `attempt` while a lock is not to be had, with pauses that double and differ by chance: between two attempts
 * those who queue behind get through. `attempt` must have rolled back everything it did when it throws.
 * `wanted` are the locks of what failed. Throws {@link OpError} that names the holder when the time is over.
 */
export async function withRetries<T>(
  {
    io,
    session,
    patience,
  }: { io: Pick<StepIo, 'line' | 'waits' | 'signal'>; session: Session; patience: Patience },
  attempt: () => Promise<T>,
  wanted: () => readonly LockTaken[],
): Promise<T> {
  const until = performance.now() + patience.wait * 1000;
  for (let tries = 1; ; tries++) {
    try {
      const done = await attempt();
      io.waits(undefined);
      return done;
    } catch (error) {
      const cause = error instanceof OpError ? error.cause : error;
      const again = cause instanceof DbError && AGAIN.has(cause.code ?? '');
      if (!again || io.signal.aborted || session.lost) throw error;
      const holder = await holderOf(session, wanted());
      const left = (until - performance.now()) / 1000;
      if (left <= 0) throw givenUp(error, tries, holder);
      const pause = Math.min(FIRST_PAUSE * 2 ** (tries - 1), LONGEST_PAUSE) * (0.5 + Math.random());
      const seconds = Math.min(pause, left);
      const who = holder === undefined ? 'somebody' : holder.text;
      io.line(`A lock is held by ${who}: rolled back, attempt ${tries + 1} in ${duration(seconds)}.`);
      io.waits(who, left);
      await delay(seconds * 1000, undefined, { signal: io.signal });
    }
  }
}

interface Holder {
  readonly text: string;
  readonly remedy: string;
}

/** Who holds a lock on one of the tables now, the longest transaction first. */
async function holderOf(session: Session, wanted: readonly LockTaken[]): Promise<Holder | undefined> {
  const names = wanted.flatMap(({ relation }) => relation ?? []);
  if (names.length === 0) return undefined;
  const rows = await session.sql(
    'SELECT to_regclass(name)::oid::int8::text AS oid FROM unnest($1::text[]) AS name',
    [names.map((name) => name.split('.').map(quoteIdent).join('.'))],
  );
  const oids = rows.flatMap(({ oid }) => (oid === null ? [] : Number(oid)));
  const [first] = (await holdersOf(session, oids, 'AccessExclusiveLock')).filter(({ granted }) => granted);
  return first && { text: holderText(first), remedy: holderRemedy(first) };
}

function givenUp(error: unknown, tries: number, holder: Holder | undefined): OpError {
  const said = error instanceof Error ? error.message.replace(/\.$/, '') : String(error);
  return runErrors.locked({ said, tries, holder }, error);
}
