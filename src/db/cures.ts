import {
  type Blocked,
  freedBy,
  rootBlockerPids,
  type Waits,
  waitGraph,
  waitingBehind,
  waits,
} from './blocking.ts';

/** What a row says besides that decides what can be done about it. */
export interface Curable extends Blocked {
  /** Null where this role may not see it. */
  readonly backend_type: string | null;
  readonly state: string | null;
}

/** Something that would help those who wait: what is to be done to whom, and whom it frees. */
export interface Cure {
  /** `cancel` is the gentler one: the session stays. */
  readonly action: 'cancel' | 'terminate';
  /** All of them: joint blockers free nobody one by one. Below 1 a prepared transaction. */
  readonly pids: readonly number[];
  /** Waiters that get their locks by it, in turn. */
  readonly frees: readonly number[];
}

/** More than can be weighed at a glance. */
const MOST = 8;

/**
 * What would help, strongest first; of those that help as much the gentler, then the one that hits fewer. One that
 * frees nobody whom another of the same kind, and no bigger, does not free as well is left out.
 */
export function cures(rows: readonly Curable[], graph: Waits = waitGraph(rows)): Cure[] {
  const byPid = new Map(rows.map((row) => [row.pid, row]));
  const made = [...ends(graph, byPid), ...cancels(rows, graph)].filter(({ frees }) => frees.length > 0);
  const best: Cure[] = [];
  for (const cure of made.sort(strongestFirst)) {
    if (best.length === MOST) break;
    if (!best.some((other) => coveredBy(cure, other))) best.push(cure);
  }
  return best;
}

function strongestFirst(a: Cure, b: Cure): number {
  return (
    b.frees.length - a.frees.length ||
    Number(a.action === 'terminate') - Number(b.action === 'terminate') ||
    a.pids.length - b.pids.length ||
    (a.pids[0] ?? 0) - (b.pids[0] ?? 0)
  );
}

function coveredBy(cure: Cure, other: Cure): boolean {
  if (other.action !== cure.action || other.pids.length > cure.pids.length) return false;
  const helped = new Set(other.frees);
  return cure.frees.every((pid) => helped.has(pid));
}

/** Of those that wait for nobody: each alone, and those that hold up somebody together. */
function ends(graph: Waits, byPid: ReadonlyMap<number, Curable>): Cure[] {
  return rootSets(graph)
    .map((pids) => ({ pids, rows: pids.map((pid) => byPid.get(pid)) }))
    .filter(({ rows }) => rows.every((row) => row !== undefined && isClient(row)))
    .flatMap(({ pids, rows }): Cure[] => [
      { action: 'terminate', pids, frees: freedBy(graph, new Set(pids)) },
      ...(rows.every((row) => row?.state === 'active')
        ? [{ action: 'cancel' as const, pids, frees: freedBy(graph, new Set(pids), 'cancelled') }]
        : []),
    ]);
}

/** Of those that wait themselves: what they wait for is given up, and with it their place in the queue. */
function cancels(rows: readonly Curable[], graph: Waits): Cure[] {
  return rows
    .filter((row) => waits(row) && isClient(row))
    .map(({ pid }) => ({
      action: 'cancel',
      pids: [pid],
      frees: freedBy(graph, new Set([pid]), 'cancelled'),
    }));
}

/** Whoever can be signalled at all, as far as it is seen; a prepared transaction is ended in another way. */
function isClient({ pid, backend_type }: Curable): boolean {
  return pid <= 0 || backend_type === null || backend_type === 'client backend';
}

/** The roots of each waiter, and each root alone; each set once. */
function rootSets(graph: Waits): number[][] {
  const above = new Map<number, number[]>();
  const sets = new Map<string, number[]>();
  for (const root of rootBlockerPids(graph).sort((a, b) => a - b)) {
    sets.set(String(root), [root]);
    for (const pid of waitingBehind(graph, root)) {
      const known = above.get(pid);
      if (known === undefined) above.set(pid, [root]);
      else known.push(root);
    }
  }
  for (const pids of above.values()) sets.set(pids.join(), pids);
  return [...sets.values()];
}
