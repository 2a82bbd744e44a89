import type { Waits } from '../../../db/blocking.ts';
import { freedBy } from '../../../db/blocking.ts';
import { type Cure, cures } from '../../../db/cures.ts';
import { summaryPoll } from '../../../db/queries/activity.ts';
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
const aged = new WeakMap<Built, { readonly by: number; readonly built: Built }>();

/** Readings that lie closer together (s) are of one moment. */
const MOMENT = 0.5;

/** The forest of the rows last read, as old as they are by now; computed once per answer. */
export function lockForest(model: Model): Built {
  const built = forestOf(model.rows(locksPoll));
  const by = passed(model);
  if (by < MOMENT) return built;
  const known = aged.get(built);
  if (known?.by === by) return known.built;
  const older = { ...built, entries: built.entries.map((entry) => later(entry, by)) };
  aged.set(built, { by, built: older });
  return older;
}

/**
 * Seconds by which who waits was counted later than for whom was read: a forest that is dear for the server is read less
 * often, and waits go on meanwhile. Where it could not be read the pane says from when it is.
 */
function passed(model: Model): number {
  const [counted, read] = [model.part(summaryPoll), model.part(locksPoll)];
  return counted.status === 'ok' && read.status === 'ok' ? (counted.at - read.at) / 1000 : 0;
}

function later(entry: SessionEntry, by: number): SessionEntry {
  const { row } = entry;
  const older = (seconds: number | null) => (seconds === null ? null : seconds + by);
  return {
    ...entry,
    row: {
      ...row,
      wait_seconds: older(row.wait_seconds),
      prepared_seconds: older(row.prepared_seconds),
      duration_seconds: older(row.duration_seconds),
      state_seconds: older(row.state_seconds),
    },
  };
}

function forestOf(rows: readonly LockRow[]): Built {
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
