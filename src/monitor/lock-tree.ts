import {
  type Blocked,
  freedBy as freed,
  heldUpBy,
  rootBlockerPids,
  type Waits,
  waitGraph,
  waits,
} from '../db/blocking.ts';

/** A session in the forest of lock waits, under the blocker it is shown below. */
export interface LockNode<Row extends Blocked = Blocked> {
  readonly row: Row;
  /** 0 for a root. */
  readonly depth: number;
  readonly children: readonly LockNode<Row>[];
  /** Null for a root. */
  readonly parentPid: number | null;
  readonly rootPid: number;
  /** Blockers other than the parent, as far as they are listed. */
  readonly alsoBlockedBy: readonly number[];
  /** How many sessions are shown below it, at any depth. */
  readonly victims: number;
  /** True for a root that waits itself: a deadlock under way, or its blocker is not among the rows. */
  readonly waiting: boolean;
}

/** Who waits for whom, as trees: a waiter is shown once, below the blocker that itself waits least. */
export interface LockForest<Row extends Blocked = Blocked> {
  readonly roots: readonly LockNode<Row>[];
  readonly byPid: ReadonlyMap<number, LockNode<Row>>;
  /** Sessions that wait for a lock. */
  readonly waiters: number;
  /** Depth of the deepest node; 0 when nobody waits. */
  readonly deepest: number;
  /** Every wait, not only those drawn. */
  readonly graph: Waits;
}

/** A node as one line of a list. */
export interface LockLine<Row extends Blocked = Blocked> {
  readonly node: LockNode<Row>;
  readonly depth: number;
  /** It is the last child of its parent: `└` rather than `├`. */
  readonly last: boolean;
  /** For each level from 1 to depth - 1: whether a vertical line runs through this row there. */
  readonly guides: readonly boolean[];
}

interface Draft<Row extends Blocked> {
  row: Row;
  depth: number;
  children: Draft<Row>[];
  parentPid: number | null;
  rootPid: number;
  alsoBlockedBy: number[];
  victims: number;
  height: number;
  waiting: boolean;
}

/**
 * Builds the forest. The rows may hold cycles (a deadlock not yet detected), blockers without a row and prepared
 * transactions (pid 0). Trees with the most victims come first, then the deepest, then by identity.
 */
export function buildLockForest<Row extends Blocked>(rows: readonly Row[]): LockForest<Row> {
  const byPid = new Map<number, Draft<Row>>();
  for (const row of rows)
    if (!byPid.has(row.pid))
      byPid.set(row.pid, {
        row,
        depth: 0,
        children: [],
        parentPid: null,
        rootPid: row.pid,
        alsoBlockedBy: [],
        victims: 0,
        height: 0,
        waiting: waits(row),
      });
  for (const draft of byPid.values()) draft.parentPid = displayParent(draft.row, byPid);
  openCycles(byPid);
  const roots: Draft<Row>[] = [];
  for (const draft of byPid.values()) {
    draft.alsoBlockedBy = draft.row.blocked_by.filter((pid) => pid !== draft.parentPid);
    const parent = draft.parentPid === null ? undefined : byPid.get(draft.parentPid);
    (parent === undefined ? roots : parent.children).push(draft);
  }
  settle(roots);
  const graph = waitGraph(rows);
  return {
    roots,
    byPid,
    waiters: graph.size,
    deepest: roots.reduce((most, root) => Math.max(most, root.height), 0),
    graph,
  };
}

/**
 * The waiters that get their locks when the given sessions end, in turn: a waiter counts when every one of its
 * blockers is among them or gets its lock by this too.
 */
export function freedBy(source: readonly Blocked[] | LockForest, pids: ReadonlySet<number>): number[] {
  return freed('graph' in source ? source.graph : source, pids);
}

/**
 * Who is to be ended first, of those that wait for nobody: one of them, or those that hold up somebody together. The
 * fewest of those that free at least half as many as any others would. Empty: nothing would help.
 */
export function firstToEnd(forest: LockForest): number[] {
  const sets = new Map<string, number[]>();
  for (const pid of forest.graph.keys()) {
    const holders = heldUpBy(forest.graph, [pid]).sort((a, b) => a - b);
    for (const set of [holders, ...holders.map((one) => [one])]) sets.set(set.join(), set);
  }
  const candidates = [...sets.values()].map((pids) => ({
    pids,
    frees: freedBy(forest, new Set(pids)).length,
  }));
  const most = Math.max(0, ...candidates.map(({ frees }) => frees));
  if (most === 0) return [];
  const good = candidates.filter(({ frees }) => frees * 2 >= most);
  return good.reduce((a, b) =>
    b.pids.length < a.pids.length || (b.pids.length === a.pids.length && b.frees > a.frees) ? b : a,
  ).pids;
}

/** Sessions that block others and do not wait, in the order of the forest. */
export function rootBlockers<Row extends Blocked>(forest: LockForest<Row>): Row[] {
  const blocking = new Set(rootBlockerPids(forest.graph));
  return [...forest.roots].filter((node) => blocking.has(node.row.pid)).map((node) => node.row);
}

/** The forest as lines, depth first. */
export function flatten<Row extends Blocked>(forest: LockForest<Row>): LockLine<Row>[] {
  const lines: LockLine<Row>[] = [];
  const pending: LockLine<Row>[] = forest.roots
    .map((node, at) => ({ node, depth: 0, last: at === forest.roots.length - 1, guides: [] }))
    .reverse();
  for (let line = pending.pop(); line !== undefined; line = pending.pop()) {
    lines.push(line);
    const { node, depth } = line;
    const guides = depth === 0 ? [] : [...line.guides, !line.last];
    for (let at = node.children.length - 1; at >= 0; at--) {
      const child = node.children[at];
      if (child !== undefined)
        pending.push({ node: child, depth: depth + 1, last: at === node.children.length - 1, guides });
    }
  }
  return lines;
}

/** The blocker that itself waits least, of those that have a row. */
function displayParent<Row extends Blocked>(row: Row, byPid: ReadonlyMap<number, Draft<Row>>): number | null {
  let best: Row | undefined;
  for (const pid of row.blocked_by) {
    const blocker = byPid.get(pid)?.row;
    if (blocker === undefined || pid === row.pid) continue;
    if (best === undefined || waitsLess(blocker, best)) best = blocker;
  }
  return best?.pid ?? null;
}

function waitsLess(a: Blocked, b: Blocked): boolean {
  const [x, y] = [a.n_blockers, b.n_blockers];
  return x === y ? byIdentity(a, b) < 0 : x < y;
}

function byIdentity(a: Blocked, b: Blocked): number {
  return (a.backend_start_us ?? 0) - (b.backend_start_us ?? 0) || a.pid - b.pid;
}

/** Sessions that wait for each other have no root: the oldest of the circle becomes one. */
function openCycles<Row extends Blocked>(byPid: Map<number, Draft<Row>>): void {
  const done = new Set<number>();
  for (const start of byPid.values()) {
    const path = new Set<Draft<Row>>();
    let at: Draft<Row> | undefined = start;
    while (at !== undefined && !path.has(at) && !done.has(at.row.pid)) {
      path.add(at);
      at = at.parentPid === null ? undefined : byPid.get(at.parentPid);
    }
    if (at !== undefined && path.has(at)) {
      const walked = [...path];
      const circle = walked.slice(walked.indexOf(at));
      const oldest = circle.reduce((a, b) => (byIdentity(b.row, a.row) < 0 ? b : a));
      oldest.parentPid = null;
    }
    for (const draft of path) done.add(draft.row.pid);
  }
}

/** Fills in depths and counts and orders siblings. Not recursive: a chain of waits may be thousands long. */
function settle<Row extends Blocked>(roots: Draft<Row>[]): void {
  const order: Draft<Row>[] = [...roots];
  for (const draft of order)
    for (const child of draft.children) {
      child.depth = draft.depth + 1;
      child.rootPid = draft.rootPid;
      order.push(child);
    }
  for (const draft of order.reverse()) {
    for (const child of draft.children) {
      draft.victims += 1 + child.victims;
      draft.height = Math.max(draft.height, 1 + child.height);
    }
    draft.children.sort(worstFirst);
  }
  roots.sort(worstFirst);
}

function worstFirst<Row extends Blocked>(a: Draft<Row>, b: Draft<Row>): number {
  return b.victims - a.victims || b.height - a.height || byIdentity(a.row, b.row);
}
