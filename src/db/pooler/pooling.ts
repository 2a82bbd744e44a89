import type { Session } from '../session.ts';

/** What a pooler does with the connection of a client that has no transaction open. */
export type Pooling =
  /** It is the client's until it hangs up. */
  | 'kept'
  /** Another client gets it after any answer, with whatever was set, locked or prepared over it. */
  | 'shared'
  /** No answer came in time: all of the pool may be in use. */
  | 'unknown';

/** A pooler that waits for a connection keeps its client waiting, too. */
const PATIENCE_MS = 2_000;

/**
 * Who asks next, of two clients. One that shares gives the connection that was used last, the one that rested longest, or
 * any: each shows in one of these pairs, and no transaction is held, which would keep a connection from applications.
 */
const TURNS = [0, 0, 1, 0, 1, 1, 0, 1, 0, 0, 1, 1] as const;

/** Finds out by what happens: what a pooler says of itself is a setting of it. Throws DbError when `open` does. */
export async function poolingOf(session: Session, open: () => Promise<Session>): Promise<Pooling> {
  const opened = open();
  const other = await inTime(opened);
  if (other === undefined) {
    opened.then((late) => late.close()).catch(() => {});
    return 'unknown';
  }
  try {
    const seen: [Set<unknown>, Set<unknown>] = [new Set(), new Set()];
    for (const turn of TURNS) {
      const rows = await inTime((turn === 0 ? session : other).sql('SELECT pg_backend_pid() AS pid'));
      if (rows === undefined) return 'unknown';
      seen[turn].add(rows[0]?.pid);
      if (seen[turn].size > 1 || [...seen[0]].some((pid) => seen[1].has(pid))) return 'shared';
    }
    return 'kept';
  } finally {
    await other.close();
  }
}

async function inTime<T>(work: Promise<T>): Promise<T | undefined> {
  const { promise: late, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => resolve(undefined), PATIENCE_MS);
  // one that was given up may fail later
  work.catch(() => {});
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
