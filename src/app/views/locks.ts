import { quoteLiteral, shortRelation } from '../../db/ident.ts';
import { summaryPoll } from '../../db/queries/activity.ts';
import { type LockRow, locksPoll } from '../../db/queries/locks.ts';
import { levelOf } from '../../health/level.ts';
import {
  buildLockForest,
  firstToEnd,
  flatten,
  freedBy,
  type LockForest,
  type LockLine,
} from '../../monitor/lock-tree.ts';
import { cleanLine } from '../../text/clean.ts';
import { type Line, span } from '../../text/line.ts';
import { duration } from '../../text/units.ts';
import type { Model } from '../core/model.ts';
import { type Column, columnFacts, defineScreen, defineView } from '../core/view.ts';
import { stateText } from './activity.ts';

type Row = LockRow;

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
  /** Whose end is advised, see {@link firstToEnd}. */
  readonly first: readonly number[];
}

const cache = new WeakMap<readonly Row[], Built>();

/** The forest of the rows last read; computed once per answer. */
export function lockForest(model: Model): Built {
  const rows = model.rows(locksPoll);
  const known = cache.get(rows);
  if (known) return known;
  const forest = buildLockForest(rows);
  const entries = flatten(forest).map(
    (line): LockEntry => ({
      line,
      row: line.node.row,
      frees: freedBy(forest, new Set([line.node.row.pid])).length,
    }),
  );
  const built = { forest, entries, first: firstToEnd(forest) };
  cache.set(rows, built);
  return built;
}

const isPrepared = (row: Row) => row.pid <= 0;

/** What a session ran last; of a prepared transaction, its name. */
function queryOf(row: Row): string {
  if (row.gid !== null) return `PREPARE TRANSACTION ${quoteLiteral(row.gid).trim()}`;
  return row.query ?? '';
}

function blockersOf({ blocked_by }: Row): string[] {
  return blocked_by.map((pid) => (pid <= 0 ? 'prepared' : String(pid)));
}

/** The pid below its blocker: `4711`, `├─4712`, `│ └─4713`. */
function treeText(line: LockLine<Row>): string {
  const { row } = line.node;
  const pid = isPrepared(row) ? 'prepared' : String(row.pid);
  if (line.depth === 0) return pid;
  return `${line.guides.map((through) => (through ? '│ ' : '  ')).join('')}${line.last ? '└─' : '├─'}${pid}`;
}

function waitsFor(entry: LockEntry): string {
  const { row } = entry;
  if (row.mode === null) {
    if (entry.line.node.waiting) return 'waits';
    // whoever waits is active; of the one that does not, the state is the cause
    return row.state === null || isPrepared(row)
      ? 'holds'
      : `holds, ${stateText(row.state, row.backend_type)}`;
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
    width: 9,
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
    least: 15,
    priority: 4,
    value: (e) => e.row.mode,
    cell: waitsFor,
    tone: (e) => (e.line.node.waiting ? undefined : 'warn'),
  },
  {
    id: 'relation',
    title: 'ON',
    width: 16,
    least: 8,
    priority: 3,
    value: (e) => e.row.relation,
    cell: (e) => shortRelation(e.row.relation) ?? e.row.locktype ?? '',
  },
  {
    id: 'blocked_by',
    title: 'BLOCKED BY',
    width: 12,
    priority: 8,
    value: (e) => blockersOf(e.row).join(','),
  },
  { id: 'user', title: 'USER', width: 10, priority: 6, value: (e) => e.row.usename ?? e.row.owner },
  {
    id: 'application',
    title: 'APPLICATION',
    width: 14,
    least: 8,
    priority: 5,
    value: (e) => e.row.application_name,
  },
  {
    id: 'state',
    title: 'STATE',
    width: 12,
    priority: 9,
    value: (e) => e.row.state,
    cell: (e) => (isPrepared(e.row) ? 'prepared' : stateText(e.row.state, e.row.backend_type)),
    tone: (e) => (e.row.state?.startsWith('idle in transaction') ? 'warn' : undefined),
  },
  {
    id: 'xact',
    title: 'XACT',
    width: 6,
    align: 'right',
    priority: 7,
    value: (e) => e.row.xact_seconds ?? e.row.prepared_seconds,
    format: duration,
  },
  {
    id: 'query',
    title: 'QUERY',
    width: 30,
    grow: true,
    share: 0.45,
    priority: 1,
    value: (e) => queryOf(e.row),
    cell: (e) => queryOf(e.row),
  },
] satisfies Column<LockEntry>[];

/** Waiters from which it is told how many are left out. */
const MANY = 100;

function headline(model: Model): Line {
  const { forest, entries, first } = lockForest(model);
  if (forest.waiters === 0) return [];
  // the forest holds at most so many sessions as were asked for; how many wait in all is counted apart
  const all = Math.max(forest.waiters, model.rows(summaryPoll)[0]?.lock_waiting ?? 0);
  // the two are counted a moment apart: few more are not worth a word
  const beyond = forest.waiters >= MANY && all > forest.waiters ? `, the first ${forest.waiters} shown` : '';
  const waiting = span(`${all} ${all === 1 ? 'waits' : 'wait'}${beyond}  `, 'alert');
  const cure = entries.map((e) => e.row).filter((row) => first.includes(row.pid));
  if (cure.length === 0) return [waiting];
  const frees = freedBy(forest, new Set(first)).length;
  return [waiting, span(advice(cure, frees), 'accent')];
}

function advice(rows: readonly Row[], frees: number): string {
  const who = (row: Row) =>
    isPrepared(row)
      ? row.gid === null
        ? 'the prepared transaction'
        : `prepared transaction ${cleanLine(quoteLiteral(row.gid).trim())}`
      : String(row.pid);
  const all =
    rows.length > 3
      ? `${rows.slice(0, 2).map(who).join(', ')} and ${rows.length - 2} others`
      : rows.map(who).join(' and ');
  return `${rows.some(isPrepared) ? 'ending' : 'terminating'} ${all} frees ${frees}`;
}

/** What a detail says of the wait itself; who the session is stands above it. */
const OF_THE_LOCK: readonly string[] = ['wait', 'frees', 'mode', 'relation'];

export const locksView = defineView<LockEntry>({
  id: 'locks',
  title: 'Locks',
  noun: 'sessions',
  polls: [locksPoll, summaryPoll],
  rows: (model) => lockForest(model).entries,
  identity: (entry) => `${entry.row.pid}/${entry.row.backend_start_us}`,
  sort: { column: 'pid', descending: false },
  ordered: 'Locks are shown as a tree: the blocker first, whoever waits for it below.',
  empty: 'No session waits for a lock.',
  columns,
  headline,
  backend: ({ row }) => (isPrepared(row) ? undefined : { pid: row.pid, backendStart: row.backend_start_us }),
  query: ({ row }) => row.query,
  database: ({ row }) => row.datname ?? row.prepared_in,
  detail: (entry, model) => [
    {
      title: entry.line.node.waiting ? 'Waits' : 'Blocks others and does not wait',
      facts: [
        ...columnFacts({ columns: columns.filter((c) => OF_THE_LOCK.includes(c.id)) }, entry, model),
        ['lock type', entry.row.locktype ?? '-'],
        ['blocked by', blockersOf(entry.row).join(', ') || '-'],
      ],
    },
    ...(entry.row.gid === null
      ? [{ title: 'Query', text: entry.row.query ?? '' }]
      : [
          {
            title: 'Prepared transaction',
            facts: [
              ['gid', entry.row.gid],
              ['owner', entry.row.owner ?? '-'],
              ['database', entry.row.prepared_in ?? '-'],
              ['prepared', `${duration(entry.row.prepared_seconds)} ago`],
              ['to end it', `ROLLBACK PREPARED ${quoteLiteral(entry.row.gid).trim()}`],
            ] satisfies [string, string][],
          },
        ]),
  ],
  record: ({ row, line, frees }) => ({
    ...row,
    root_pid: line.node.rootPid,
    parent_pid: line.node.parentPid,
    depth: line.depth,
    frees,
  }),
  beside: { facts: (model) => ({ waiters: lockForest(model).forest.waiters }) },
});

export const locksScreen = defineScreen({ id: 'locks', title: 'Locks', key: '3', panes: [locksView] });
