import type { Waits } from '../../../db/blocking.ts';
import { freedBy } from '../../../db/blocking.ts';
import { type Cure, cures } from '../../../db/cures.ts';
import { type LockRow, locksPoll } from '../../../db/queries/locks.ts';
import { buildLockForest, flatten, type LockForest, type LockLine } from '../../../monitor/lock-tree.ts';
import type { Model } from '../../core/model.ts';

/** A session or a prepared transaction in the forest, with what ending it would set free. */
export interface SessionEntry {
  readonly kind: 'session';
  readonly line: LockLine<LockRow>;
  readonly row: LockRow;
  /** Waiters that get their locks when this session ends, in turn. */
  readonly frees: number;
}

/** Sessions of one branch behind whom nobody waits, as one row. */
export interface FoldEntry {
  readonly kind: 'fold';
  readonly line: Pick<LockLine, 'depth' | 'last' | 'guides'>;
  readonly branch: number;
  /** How many stand before them. */
  readonly before: number;
  readonly entries: readonly SessionEntry[];
}

export type LockEntry = SessionEntry | FoldEntry;

interface Built {
  readonly forest: LockForest<LockRow>;
  readonly graph: Waits;
  readonly entries: readonly SessionEntry[];
  /** What would help, strongest first. */
  readonly cures: readonly Cure[];
}

const cache = new WeakMap<readonly LockRow[], Built>();

/** The forest of the rows last read; computed once per answer. */
export function lockForest(model: Model): Built {
  const rows = model.rows(locksPoll);
  const known = cache.get(rows);
  if (known) return known;
  const forest = buildLockForest(rows);
  const { graph } = forest;
  const entries = flatten(forest).map((line): SessionEntry => {
    const { row } = line.node;
    return { kind: 'session', line, row, frees: freedBy(graph, new Set([row.pid])).length };
  });
  const built = { forest, graph, entries, cures: cures(rows, graph) };
  cache.set(rows, built);
  return built;
}

/** It holds locks and has no session. */
export function isPrepared(row: Pick<LockRow, 'pid'>): boolean {
  return row.pid <= 0;
}
