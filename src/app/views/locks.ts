import { shortRelation } from '../../db/ident.ts';
import { levelOf } from '../../health/level.ts';
import {
  buildLockForest,
  flatten,
  freedBy,
  type LockForest,
  type LockLine,
} from '../../monitor/lock-tree.ts';
import type { RowsOf } from '../../monitor/polls.ts';
import { type Line, span } from '../../text/line.ts';
import { duration } from '../../text/units.ts';
import type { Model } from '../model.ts';
import { stateText } from './activity.ts';
import { type Column, columnFacts, defineView } from './view.ts';

type Row = RowsOf['locks'];

/** A session in the forest, with what ending it would set free. */
export interface LockEntry {
  readonly line: LockLine<Row>;
  readonly row: Row;
  /** Waiters that get their locks when this session ends, in turn. */
  readonly frees: number;
}

interface Built {
  readonly forest: LockForest<Row>;
  readonly entries: readonly LockEntry[];
}

const cache = new WeakMap<readonly Row[], Built>();

/** The forest of the rows last read; computed once per answer. */
export function lockForest(model: Model): Built {
  const rows = model.rows('locks');
  const known = cache.get(rows);
  if (known) return known;
  const forest = buildLockForest(rows);
  const entries = flatten(forest).map(
    (line): LockEntry => ({
      line,
      row: line.node.row,
      frees: line.node.row.pid === 0 ? 0 : freedBy(forest, new Set([line.node.row.pid])).length,
    }),
  );
  const built = { forest, entries };
  cache.set(rows, built);
  return built;
}

/** The pid below its blocker: `4711`, `├─4712`, `│ └─4713`. */
function treeText(line: LockLine<Row>): string {
  const { row } = line.node;
  const pid = row.pid === 0 ? 'prepared' : String(row.pid);
  if (line.depth === 0) return pid;
  return `${line.guides.map((through) => (through ? '│ ' : '  ')).join('')}${line.last ? '└─' : '├─'}${pid}`;
}

function waitsFor(entry: LockEntry): string {
  const { row } = entry;
  if (row.mode === null) {
    if (entry.line.node.waiting) return 'waits';
    // whoever waits is active; of the one that does not, the state is the cause
    return row.state === null || row.pid === 0 ? 'holds' : `holds, ${stateText(row.state, row.backend_type)}`;
  }
  return row.mode.replace(/Lock$/, '');
}

const columns = [
  {
    id: 'pid',
    title: 'PID',
    width: 14,
    priority: 1,
    value: (e) => e.row.pid,
    cell: (e) => treeText(e.line),
    own: true,
  },
  {
    id: 'wait',
    title: 'WAIT',
    width: 8,
    align: 'right',
    priority: 1,
    value: (e) => e.row.wait_seconds,
    cell: (e) => (e.line.node.waiting ? duration(e.row.wait_seconds) : ''),
    level: (e, model) =>
      e.line.node.waiting ? levelOf('lock_wait_seconds', e.row.wait_seconds, model.thresholds) : 'normal',
  },
  {
    id: 'frees',
    title: 'FREES',
    width: 5,
    align: 'right',
    priority: 2,
    value: (e) => e.frees,
    cell: (e) => (e.frees > 0 ? String(e.frees) : ''),
    tone: (e) => (e.frees > 0 && !e.line.node.waiting ? 'alert' : undefined),
  },
  {
    id: 'mode',
    title: 'MODE',
    width: 20,
    priority: 4,
    value: (e) => e.row.mode,
    cell: waitsFor,
    tone: (e) => (e.line.node.waiting ? undefined : 'warn'),
  },
  {
    id: 'relation',
    title: 'ON',
    width: 16,
    priority: 3,
    value: (e) => e.row.relation,
    cell: (e) => shortRelation(e.row.relation) ?? e.row.locktype ?? '',
  },
  {
    id: 'blocked_by',
    title: 'BLOCKED BY',
    width: 12,
    priority: 8,
    value: (e) => (e.row.blocked_by ?? []).join(','),
  },
  { id: 'user', title: 'USER', width: 10, priority: 6, value: (e) => e.row.usename },
  { id: 'application', title: 'APPLICATION', width: 14, priority: 5, value: (e) => e.row.application_name },
  {
    id: 'state',
    title: 'STATE',
    width: 12,
    priority: 9,
    value: (e) => e.row.state,
    cell: (e) => (e.row.pid === 0 ? 'prepared' : stateText(e.row.state, e.row.backend_type)),
    tone: (e) => (e.row.state?.startsWith('idle in transaction') ? 'warn' : undefined),
  },
  {
    id: 'xact',
    title: 'XACT',
    width: 6,
    align: 'right',
    priority: 7,
    value: (e) => e.row.xact_seconds,
    format: duration,
  },
  {
    id: 'query',
    title: 'QUERY',
    width: 10,
    grow: true,
    priority: 2,
    value: (e) => e.row.query,
    cell: (e) => e.row.query ?? '',
  },
] satisfies Column<LockEntry>[];

/** Waiters from which it is told how many are left out. */
const MANY = 100;

function headline(model: Model): Line {
  const { forest, entries } = lockForest(model);
  if (forest.waiters === 0) return [];
  const best = entries.filter((e) => !e.line.node.waiting).sort((a, b) => b.frees - a.frees)[0];
  const roots = rootsOf(model);
  // the forest holds at most so many sessions as were asked for; how many wait in all is counted apart
  const all = Math.max(forest.waiters, model.rows('summary')[0]?.lock_waiting ?? 0);
  // the two are counted a moment apart: few more are not worth a word
  const beyond = forest.waiters >= MANY && all > forest.waiters ? `, the first ${forest.waiters} shown` : '';
  const waiting = span(`${all} ${all === 1 ? 'waits' : 'wait'}${beyond}  `, 'alert');
  if (best && best.frees > 0) return [waiting, span(advice([best.row.pid], best.frees), 'accent')];
  if (roots.length > 0)
    return [waiting, span(advice(roots, freedBy(forest, new Set(roots)).length), 'accent')];
  return [waiting];
}

function rootsOf(model: Model): number[] {
  return lockForest(model)
    .entries.filter((e) => !e.line.node.waiting && e.row.pid !== 0)
    .map((e) => e.row.pid);
}

function advice(pids: readonly number[], frees: number): string {
  const who = pids.length > 3 ? `all ${pids.length} root blockers` : pids.join(' and ');
  return `terminating ${who} frees ${frees}`;
}

/** What a detail says of the wait itself; who the session is stands above it. */
const OF_THE_LOCK: readonly string[] = ['wait', 'frees', 'mode', 'relation'];

export const locksView = defineView<LockEntry>({
  id: 'locks',
  title: 'Locks',
  noun: 'sessions',
  parts: ['locks', 'summary'],
  rows: (model) => lockForest(model).entries,
  identity: (entry) => `${entry.row.pid}/${entry.row.backend_start_us}`,
  sort: { column: 'pid', descending: false },
  ordered: 'Locks are shown as a tree: the blocker first, whoever waits for it below.',
  empty: 'No session waits for a lock.',
  columns,
  headline,
  backend: ({ row }) => (row.pid === 0 ? undefined : { pid: row.pid, backendStart: row.backend_start_us }),
  query: ({ row }) => row.query,
  database: ({ row }) => row.datname,
  detail: (entry, model) => [
    {
      title: entry.line.node.waiting ? 'Waits' : 'Blocks others and does not wait',
      facts: [
        ...columnFacts({ columns: columns.filter((c) => OF_THE_LOCK.includes(c.id)) }, entry, model),
        ['lock type', entry.row.locktype ?? '-'],
        ['blocked by', (entry.row.blocked_by ?? []).join(', ') || '-'],
      ],
    },
    { title: 'Query', text: entry.row.query ?? '' },
  ],
});
