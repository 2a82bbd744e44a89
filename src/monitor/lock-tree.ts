import { type Blocked, rootBlockerPids, type Waits, waitGraph, waits } from '../db/blocking.ts';

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
  /** How deep the tree below it is; 0 without children. */
  readonly height: number;
  /** True for a root that waits itself: a deadlock under way, or its blocker is not among the rows. */
  readonly waiting: boolean;
}

/** Who waits for whom, as trees: a waiter is shown once, below the blocker that itself waits least. */
export interface LockForest<Row extends Blocked = Blocked> {
  readonly roots: readonly LockNode<Row>[];
  /** The roots, those together that hold somebody up together: ending one of them may free nobody. */
  readonly joint: readonly (readonly LockNode<Row>[])[];
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
  /** A root that holds somebody up together with others: the first of them, or one more. */
  readonly joint?: 'first' | 'more';
  /** The branch that it stands in: the pid of its parent, or of the first of joint ones; null for a root. */
  readonly branch: number | null;
  /** The branch that begins below it; null where nobody stands there. */
  readonly opens: number | null;
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
    joint: jointRoots(roots, rows),
    byPid,
    waiters: graph.size,
    deepest: roots.reduce((most, root) => Math.max(most, root.height), 0),
    graph,
  };
}

/** Sessions that block others and do not wait, in the order of the forest. */
export function rootBlockers<Row extends Blocked>(forest: LockForest<Row>): Row[] {
  const blocking = new Set(rootBlockerPids(forest.graph));
  return [...forest.roots].filter((node) => blocking.has(node.row.pid)).map((node) => node.row);
}

/** The forest as lines, depth first. Joint roots stand together, and below them whoever waits for one of them. */
export function flatten<Row extends Blocked>(forest: LockForest<Row>): LockLine<Row>[] {
  const lines: LockLine<Row>[] = [];
  for (const roots of forest.joint) {
    const joint = roots.length > 1;
    const opens = roots[0]?.row.pid ?? null;
    const children = roots.flatMap((root) => root.children);
    for (const node of roots)
      lines.push({
        ...{ node, depth: 0, last: false, guides: [], branch: null },
        opens: children.length > 0 ? opens : null,
        ...(joint && { joint: node === roots[0] ? 'first' : 'more' }),
      });
    branch(joint ? children.toSorted(worstFirst) : children, opens, lines);
  }
  return guided(lines);
}

/** Everything below a root, or below joint ones. */
function branch<Row extends Blocked>(
  children: readonly LockNode<Row>[],
  of: number | null,
  lines: LockLine<Row>[],
): void {
  const below = (nodes: readonly LockNode<Row>[], parent: number | null) =>
    nodes.map(
      (node): LockLine<Row> => ({
        ...{ node, depth: node.depth, last: false, guides: [], branch: parent },
        opens: node.children.length > 0 ? node.row.pid : null,
      }),
    );
  const pending = below(children, of).reverse();
  for (let line = pending.pop(); line !== undefined; line = pending.pop()) {
    lines.push(line);
    pending.push(...below(line.node.children, line.opens).reverse());
  }
}

/** The lines with what is drawn before each, as they stand now: some may have been left out. */
export function guided<Line extends Pick<LockLine, 'depth' | 'last' | 'guides'>>(
  lines: readonly Line[],
): Line[] {
  const out: Line[] = [];
  // for each level, whether a sibling follows there
  let follows: boolean[] = [];
  for (const line of lines.toReversed()) {
    const { depth } = line;
    const guides = Array.from({ length: Math.max(0, depth - 1) }, (_, i) => follows[i + 1] ?? false);
    out.push({ ...line, last: !follows[depth], guides });
    follows = depth === 0 ? [] : follows.slice(0, depth);
    follows[depth] = true;
  }
  return out.reverse();
}

/** Roots of which two block the same waiter belong together: in the order of the first of each, oldest first within. */
function jointRoots<Row extends Blocked>(roots: readonly Draft<Row>[], rows: readonly Row[]): Draft<Row>[][] {
  const group = new Map(roots.map((root) => [root.row.pid, [root]]));
  for (const row of rows) {
    const [first, ...more] = row.blocked_by.filter((pid) => group.has(pid));
    const joined = first === undefined ? undefined : group.get(first);
    if (joined === undefined) continue;
    for (const pid of more) {
      const others = group.get(pid) ?? [];
      if (others === joined) continue;
      joined.push(...others);
      for (const one of others) group.set(one.row.pid, joined);
    }
  }
  return [...new Set(roots.map((root) => group.get(root.row.pid) ?? [root]))].map((joint) =>
    joint.sort((a, b) => byIdentity(a.row, b.row)),
  );
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

function worstFirst<Row extends Blocked>(a: LockNode<Row>, b: LockNode<Row>): number {
  return b.victims - a.victims || b.height - a.height || byIdentity(a.row, b.row);
}
