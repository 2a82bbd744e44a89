/** What the rows of the lock query say about who waits for whom; all that the arithmetic below needs of them. */
export interface Blocked {
  /** A prepared transaction has no backend: it stands as minus its transaction ID, or 0 where that is not known. */
  readonly pid: number;
  /** All blockers that do not wait themselves, and some of those that wait. Empty: it waits for nobody. */
  readonly blocked_by: readonly number[];
  /** How many blockers there are, listed or not. */
  readonly n_blockers: number;
  /** Epoch microseconds; with the pid the identity of a session. Null where this role may not see it. */
  readonly backend_start_us: number | null;
  /** Null where the server does not know it (13) or nothing is waited for. */
  readonly wait_seconds: number | null;
  readonly locktype: string | null;
  readonly lock_datname: string | null;
  readonly relation_oid: number | null;
}

/** True when the row waits for a lock that somebody holds or is ahead for. */
export function waits(row: Blocked): boolean {
  return row.blocked_by.length > 0;
}

/** Each pid with the pids that must all go (or be freed) before it gets its lock. */
export type Waits = ReadonlyMap<number, ReadonlySet<number>>;

/**
 * The wait graph of the rows.
 *
 * A list of blockers may be shorter than `n_blockers`: what is left out are waiters ahead in the same queue. They
 * need not wait for the same holder (an ALTER waits for readers that a later reader would not wait for), so a
 * trimmed waiter for a relation is also put behind those that wait longer for that relation. Where the time of
 * waiting is unknown, the listed blockers decide alone.
 */
export function waitGraph(rows: readonly Blocked[]): Waits {
  const graph = new Map<number, Set<number>>();
  for (const row of rows) if (waits(row)) graph.set(row.pid, new Set(row.blocked_by));
  for (const queue of relationQueues(rows)) {
    // one edge to the trimmed waiter before stands for everybody whom that one waits for: n edges, not n²
    let ahead: number[] = [];
    for (const row of queue) {
      const blockers = graph.get(row.pid);
      if (blockers !== undefined && row.n_blockers > blockers.size) {
        for (const pid of ahead) if (pid !== row.pid) blockers.add(pid);
        ahead = [row.pid];
      } else ahead.push(row.pid);
    }
  }
  return graph;
}

function relationQueues(rows: readonly Blocked[]): Blocked[][] {
  const queues = new Map<string, Blocked[]>();
  for (const row of rows) {
    if (row.locktype !== 'relation' || row.wait_seconds === null || !waits(row)) continue;
    const key = `${row.lock_datname} ${row.relation_oid}`;
    const queue = queues.get(key);
    if (queue === undefined) queues.set(key, [row]);
    else queue.push(row);
  }
  for (const queue of queues.values()) queue.sort((a, b) => (b.wait_seconds ?? 0) - (a.wait_seconds ?? 0));
  return [...queues.values()];
}

/**
 * The waiters that get their locks when the given sessions end: those whose blockers are all among them, and in turn
 * those behind the freed ones (they go on one after the other, as each transaction ends). Without the given pids.
 * In the order of the rows.
 */
export function freedBy(source: readonly Blocked[] | Waits, pids: ReadonlySet<number>): number[] {
  const graph = isGraph(source) ? source : waitGraph(source);
  const left = new Map<number, number>();
  const behind = reversed(graph);
  const freed = new Set<number>();
  const gone = [...pids];
  for (let pid = gone.pop(); pid !== undefined; pid = gone.pop())
    for (const waiter of behind.get(pid) ?? []) {
      const remaining = (left.get(waiter) ?? graph.get(waiter)?.size ?? 0) - 1;
      left.set(waiter, remaining);
      if (remaining === 0 && !pids.has(waiter)) {
        freed.add(waiter);
        gone.push(waiter);
      }
    }
  return [...graph.keys()].filter((pid) => freed.has(pid));
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
