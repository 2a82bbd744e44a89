import { setTimeout as delay } from 'node:timers/promises';
import { quoteIdent } from '../../../db/ident.ts';
import {
  type SwapSessionRow,
  swapDoor,
  swapSessions,
  swapTerminate,
} from '../../../db/queries/database/swap.ts';
import type { Session } from '../../../db/session.ts';
import { call } from '../../../db/session.ts';
import type { OpError } from '../../error.ts';
import { swapErrors } from './errors.ts';

/** The server gives a database that is to be renamed 5 s to become empty. */
const PAUSE_MS = 50;
/** Until the door is closed nobody is sent away, and a client that waits at it feels every pause. */
const LOOK_MS = 10;
const GIVE_UP_MS = 10_000;

/** Who is to leave which database, and for whom. */
export interface Clearing {
  /** The session whose ALTER DATABASE … RENAME waits. */
  readonly renamer: Session;
  /** The session that sends the others away. */
  readonly clearer: Session;
  readonly oid: number;
  /** For sentences. */
  readonly database: string;
  readonly signal: AbortSignal;
}

export interface Cleared {
  /** performance.now() when nobody could enter any more; undefined when it was over before anybody looked. */
  readonly closedAt: number | undefined;
  /** Sessions that were ended. */
  readonly ended: number;
  /** Those of them that are named as pgdeck names its own, a console's for one. */
  readonly own: number;
}

/**
 * Renames a database that others are in. `ALTER DATABASE … RENAME` takes a lock that lets nobody in, and then waits for
 * those inside; they are sent away once it has the lock, and by OID: by its name the clients of the next database of
 * that name would be hit. Nobody is sent away when one of them cannot be, or when the lock is not to be had.
 */
export async function renameCleared(
  { renamer, clearer, oid, database, signal }: Clearing,
  to: string,
): Promise<Cleared> {
  let done = false;
  const renamed = renamer
    .sql(`ALTER DATABASE ${quoteIdent(database)} RENAME TO ${quoteIdent(to)}`)
    .finally(() => {
      done = true;
    });
  const waiting: { blockers: readonly number[]; closedAt: number | undefined } = {
    blockers: [],
    closedAt: undefined,
  };
  const pids = new Set<number>();
  const own = new Set<number>();
  const answered = renamed.then(
    () => undefined,
    () => undefined,
  );
  const clear = async (): Promise<void> => {
    while (!done) {
      signal.throwIfAborted();
      if (waiting.closedAt === undefined) {
        const [door] = await clearer.run(swapDoor, { oid, pid: renamer.pid });
        if (door?.closed === true) {
          if (door.prepared > 0) throw swapErrors.prepared({ database, count: door.prepared });
          waiting.closedAt = performance.now();
        } else waiting.blockers = door?.blockers ?? [];
      }
      if (waiting.closedAt !== undefined && !done) await endSessions();
      await pause(waiting.closedAt === undefined ? LOOK_MS : PAUSE_MS, answered);
    }
  };
  const endSessions = async (): Promise<void> => {
    const sessions = await clearer.run(swapSessions, { oid });
    const fixed = immovable(database, sessions);
    if (fixed) throw fixed;
    const answers = await clearer.batch(sessions.map(({ pid }) => call(swapTerminate, { oid, pid })));
    for (const [at, answer] of answers.entries()) {
      if (!answer.ok) throw answer.error;
      const { pid, application_name: name } = sessions[at] ?? {};
      if (pid === undefined || answer.rows.length === 0) continue;
      pids.add(pid);
      if (name?.startsWith('pgdeck')) own.add(pid);
    }
  };
  let failure: unknown;
  const cleared = clear().catch(async (error: unknown) => {
    failure = error;
    // frees the door now rather than after the 5 s; without an answer the server does so by itself
    if (!done) await clearer.sql('SELECT pg_cancel_backend($1)', [renamer.pid]).catch(() => {});
  });
  try {
    await renamed;
  } catch (error) {
    throw failure ?? explain(error, database, waiting.blockers);
  }
  // it must have stopped before the new clients come; the renamer's transaction is not kept open for one that is lost
  const timer = setTimeout(() => clearer.close(), GIVE_UP_MS);
  await cleared;
  clearTimeout(timer);
  if (clearer.lost) failure ??= swapErrors.connectionBroke();
  if (failure !== undefined) throw failure;
  return { closedAt: waiting.closedAt, ended: pids.size, own: own.size };
}

async function pause(ms: number, until: Promise<void>): Promise<void> {
  const abort = new AbortController();
  await Promise.race([until, delay(ms, undefined, { signal: abort.signal }).catch(() => {})]);
  abort.abort();
}

/** Why the sessions cannot be sent away; undefined when each of them can. */
export function immovable(database: string, sessions: readonly SwapSessionRow[]): OpError | undefined {
  const fixed = sessions.filter(({ needs }) => needs !== null);
  const [first] = fixed;
  if (first === undefined) return undefined;
  const pids = fixed.map(({ pid }) => pid);
  return fixed.some(({ needs }) => needs === 'superuser')
    ? swapErrors.superusers({ database, pids })
    : swapErrors.others({ database, pids, user: first.usename });
}

function explain(error: unknown, database: string, blockers: readonly number[]): unknown {
  const { code } = error as { code?: unknown };
  if (code === '55P03') return swapErrors.locked({ database, pids: blockers }, error);
  if (code === '55006') return swapErrors.stayed({ database }, error);
  return error;
}
