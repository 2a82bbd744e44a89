import { setTimeout as delay } from 'node:timers/promises';
import { DbError, type ErrorKind } from '../../db/errors.ts';
import type { Session } from '../../db/session.ts';
import type { OpContext } from '../engine/operation.ts';
import type { StepIo } from '../engine/plan.ts';

const PAUSE_MS = 250;

/** That pass by themselves while a server stops and starts. */
const PASSING: ReadonlySet<ErrorKind> = new Set<ErrorKind>([
  'unreachable',
  'starting',
  'lost',
  'slots',
  'busy',
]);

export interface Awaited {
  /** The session that got in; undefined where none did in time. */
  readonly session: Session | undefined;
  /** The server that was there before is what answers. */
  readonly same: boolean;
  /** Why the last attempt got nowhere; empty where it did. */
  readonly why: string;
}

interface Wish {
  readonly seconds: number;
  /** When the server began that is not waited for; NaN where any will do. */
  readonly startedAt: number;
  /** A server with nothing in it: the database may not be there yet, nor the role. */
  readonly fresh?: boolean;
}

/**
 * Tries to connect until a server accepts it that began later than the one before. Throws DbError for a refusal that
 * waiting does not change, and what the signal is aborted with. The session is its caller's to close.
 */
export async function awaitServer(
  context: Pick<OpContext, 'open'>,
  { signal, waits }: Pick<StepIo, 'signal' | 'waits'>,
  { seconds, startedAt, fresh = false }: Wish,
): Promise<Awaited> {
  const end = performance.now() + seconds * 1000;
  let last: Awaited = { session: undefined, same: false, why: 'it was not tried.' };
  waits('the server', seconds);
  try {
    do {
      signal.throwIfAborted();
      last = await attempt(context, startedAt, fresh);
      if (last.session !== undefined) return last;
      await delay(PAUSE_MS, undefined, { signal });
    } while (performance.now() < end);
    return last;
  } finally {
    waits(undefined);
  }
}

async function attempt(
  context: Pick<OpContext, 'open'>,
  startedAt: number,
  fresh: boolean,
): Promise<Awaited> {
  try {
    const session = await open(context, fresh);
    if (session.server.startedAt !== startedAt) return { session, same: false, why: '' };
    await session.close();
    return { session: undefined, same: true, why: '' };
  } catch (error) {
    const passes = error instanceof DbError && (PASSING.has(error.kind) || (fresh && error.kind === 'auth'));
    if (!passes) throw error;
    return { session: undefined, same: false, why: error.message };
  }
}

async function open(context: Pick<OpContext, 'open'>, fresh: boolean): Promise<Session> {
  try {
    return await context.open('pgdeck-restart', undefined, 'slow');
  } catch (error) {
    if (!fresh || !(error instanceof DbError) || error.kind !== 'no_database') throw error;
    return context.open('pgdeck-restart', 'postgres', 'slow');
  }
}
