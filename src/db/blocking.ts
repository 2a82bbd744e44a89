import { CONFLICTS, type LockMode } from './lock-modes.ts';

/** What the rows of the lock query say about who waits for whom; all that the arithmetic below needs of them. */
export interface Blocked {
  /** A prepared transaction has no backend: it stands as minus its transaction ID, or 0 where that is not known. */
  readonly pid: number;
  /** All blockers but some of those ahead in the same queue. Empty: it waits for nobody. */
  readonly blocked_by: readonly number[];
  /** How many blockers there are, listed or not. */
  readonly n_blockers: number;
  /** Epoch microseconds; with the pid the identity of a session. Null where this role may not see it. */
  readonly backend_start_us: number | null;
  /** Null where the server does not know it (13) or nothing is waited for. */
  readonly wait_seconds: number | null;
  readonly locktype: string | null;
  /** The mode that is asked for. */
  readonly mode: string | null;
  /** Those that wait for the same lock have the same number. */
  readonly queue: number | null;
}

/** True when the row waits for a lock that somebody holds or is ahead for. */
export function waits(row: Blocked): boolean {
  return row.blocked_by.length > 0;
}

/** Each pid with the pids that must all go (or be freed) before it gets its lock. */
export interface Waits extends ReadonlyMap<number, ReadonlySet<number>> {
  /**
   * The blockers whose lock may outlast their statement and their transaction: they hold an advisory lock, perhaps for
   * as long as their session lasts, which pg_locks does not tell. Cancelling them is not known to help.
   */
  readonly lasting: ReadonlyMap<number, ReadonlySet<number>>;
}

/** What is done to a blocker: it is gone, or only what it runs or waits for is, and the transaction with it. */
export type Cured = 'ended' | 'cancelled';

/**
 * The wait graph of the rows.
 *
 * A list of blockers may be shorter than `n_blockers`: what is left out are waiters ahead in the same queue. They
 * need not wait for the same holder (an ALTER waits for readers that a later reader would not wait for), so a
 * trimmed waiter is also put behind those in its queue that wait longer for a mode that conflicts with its own. Where
 * the time of waiting is unknown, the listed blockers decide alone.
 */
export function waitGraph(rows: readonly Blocked[]): Waits {
  const graph = new Map<number, Set<number>>();
  const byPid = new Map<number, Blocked>();
  for (const row of rows) {
    byPid.set(row.pid, row);
    if (waits(row)) graph.set(row.pid, new Set(row.blocked_by));
  }
  const lasting = new Map<number, ReadonlySet<number>>();
  for (const row of rows)
    if (row.locktype === 'advisory' && waits(row)) lasting.set(row.pid, new Set(holders(row, byPid)));
  for (const queue of queues(rows)) restoreQueue(queue, graph);
  for (const row of rows)
    if (row.locktype === 'tuple')
      // whoever gets the tuple waits next for the transaction that changed it, as its holder does now
      for (const pid of holders(row, byPid))
        if (byPid.get(pid)?.locktype === 'transactionid')
          for (const blocker of graph.get(pid) ?? [])
            if (blocker !== row.pid) graph.get(row.pid)?.add(blocker);
  return Object.assign(graph, { lasting });
}

/** The listed blockers that are not in the same queue: they hold the lock. */
function holders(row: Blocked, byPid: ReadonlyMap<number, Blocked>): number[] {
  return row.blocked_by.filter((pid) => (byPid.get(pid)?.queue ?? null) !== row.queue);
}

/** Puts back the blockers that a long queue's lists leave out. */
function restoreQueue(queue: readonly Blocked[], graph: ReadonlyMap<number, Set<number>>): void {
  // of each mode the last trimmed waiter stands for everybody whom it waits for: n edges, not n²
  const trimmed = new Map<string | null, number>();
  queue.forEach((row, at) => {
    const blockers = graph.get(row.pid);
    if (blockers === undefined || row.n_blockers <= row.blocked_by.length) return;
    const before = trimmed.get(row.mode);
    queue.slice(before ?? 0, at).forEach((ahead, i) => {
      if ((i === 0 && before !== undefined) || conflicts(row.mode, ahead.mode)) blockers.add(ahead.pid);
    });
    trimmed.set(row.mode, at);
  });
}

function conflicts(mode: string | null, other: string | null): boolean {
  const modes: readonly string[] | undefined = CONFLICTS[mode as LockMode];
  return modes === undefined || other === null || modes.includes(other);
}

/** Those that wait for the same lock, the longest wait first. */
function queues(rows: readonly Blocked[]): Blocked[][] {
  const waiting = rows.filter((row) => row.queue !== null && row.wait_seconds !== null && waits(row));
  return [...Map.groupBy(waiting, ({ queue }) => queue).values()].map((queue) =>
    queue.sort((a, b) => (b.wait_seconds ?? 0) - (a.wait_seconds ?? 0)),
  );
}

/**
 * The waiters that get their locks when the given sessions end, or what they run is cancelled: those whose blockers
 * are all among them, and in turn those behind the freed ones (they go on one after the other, as each transaction
 * ends). Without the given pids. In the order of the rows.
 */
export function freedBy(
  source: readonly Blocked[] | Waits,
  pids: ReadonlySet<number>,
  cured: Cured = 'ended',
): number[] {
  const graph = isGraph(source) ? source : waitGraph(source);
  const left = new Map<number, number>();
  const behind = reversed(graph);
  const freed = new Set<number>();
  const gone = [...pids];
  for (let pid = gone.pop(); pid !== undefined; pid = gone.pop())
    for (const waiter of behind.get(pid) ?? []) {
      // whoever goes on in turn ends its transaction, and perhaps not what it holds
      if ((cured === 'cancelled' || !pids.has(pid)) && graph.lasting.get(waiter)?.has(pid)) continue;
      const remaining = (left.get(waiter) ?? graph.get(waiter)?.size ?? 0) - 1;
      left.set(waiter, remaining);
      if (remaining === 0 && !pids.has(waiter)) {
        freed.add(waiter);
        gone.push(waiter);
      }
    }
  return freed.size === 0 ? [] : [...graph.keys()].filter((pid) => freed.has(pid));
}

/** The waiters that wait for the session, directly or behind another waiter; ending it alone need not free them. */
export function waitingBehind(source: readonly Blocked[] | Waits, pid: number): number[] {
  const behind = reversed(isGraph(source) ? source : waitGraph(source));
  const found = new Set<number>([pid]);
  for (const blocker of found) for (const waiter of behind.get(blocker) ?? []) found.add(waiter);
  found.delete(pid);
  return [...found];
}

/**
 * Who holds these waiters up in the end: those that wait for nobody and stand before one of them, directly or before
 * another waiter. In the order in which they are found.
 */
export function heldUpBy(graph: Waits, waiters: Iterable<number>): number[] {
  const seen = new Set(waiters);
  const roots: number[] = [];
  for (const pid of seen) {
    const blockers = graph.get(pid);
    if (blockers === undefined) roots.push(pid);
    else for (const blocker of blockers) seen.add(blocker);
  }
  return roots;
}

/** The pids that block somebody and wait for nobody: the ones to look at first. In the order in which they are named. */
export function rootBlockerPids(graph: Waits): number[] {
  const roots = new Set<number>();
  for (const blockers of graph.values()) for (const pid of blockers) if (!graph.has(pid)) roots.add(pid);
  return [...roots];
}

const reverses = new WeakMap<Waits, Map<number, number[]>>();

/** Each pid with those that wait for it directly; made once per graph, which is asked about every one of its pids. */
function reversed(graph: Waits): ReadonlyMap<number, readonly number[]> {
  const known = reverses.get(graph);
  if (known !== undefined) return known;
  const behind = new Map<number, number[]>();
  reverses.set(graph, behind);
  for (const [pid, blockers] of graph)
    for (const blocker of blockers) {
      const waiters = behind.get(blocker);
      if (waiters === undefined) behind.set(blocker, [pid]);
      else waiters.push(pid);
    }
  return behind;
}

function isGraph(source: readonly Blocked[] | Waits): source is Waits {
  return source instanceof Map;
}
