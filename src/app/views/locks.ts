import { quoteLiteral, shortRelation } from '../../db/ident.ts';
import { lockModeName } from '../../db/lock-modes.ts';
import { summaryPoll } from '../../db/queries/activity.ts';
import { type LockRow, locksPoll } from '../../db/queries/locks.ts';
import { type Level, levelOf } from '../../health/level.ts';
import { duration } from '../../text/units.ts';
import { width } from '../../text/width.ts';
import { type Model, marked } from '../core/model.ts';
import { type Column, columnFacts, defineScreen, defineView } from '../core/view.ts';
import { stateText, waitText } from './activity.ts';
import { isPrepared, type LockEntry, lockForest, type SessionEntry } from './locks/entries.ts';
import { branchOf, foldCount, foldKinds, foldNames, showTree } from './locks/fold.ts';
import { verdictLine } from './locks/verdict.ts';

/** What a session ran last; of a prepared transaction, its name and what is known of it where columns are few. */
function queryOf({ row, frees }: SessionEntry): string {
  if (row.gid !== null) return `gid ${quoteLiteral(row.gid).trim()}${frees > 0 ? `, frees ${frees}` : ''}`;
  const last = row.state?.startsWith('idle') ? 'last: ' : '';
  return row.query ? `${last}${row.query}` : '';
}

function blockersOf({ blocked_by }: LockRow): string[] {
  return blocked_by.map((pid) => (pid <= 0 ? 'prepared' : String(pid)));
}

/** A pid of five digits four levels deep, or of seven two. */
const PID_CELLS = 10;

/** The pid with its branch: `┌2133`, `├2136`, `└─2150`. Where there is no room for the whole tree, the pid has it. */
function treeText({ line }: LockEntry, text: string): string {
  if ('joint' in line) return `${line.joint === 'first' ? '┌' : '├'}${text}`;
  if (line.depth === 0) return text;
  const tree = `${line.guides.map((through) => (through ? '│' : ' ')).join('')}${line.last ? '└─' : '├─'}`;
  return `${line.depth > 0 && width(text) < PID_CELLS ? tree.slice(width(text) - PID_CELLS) : tree}${text}`;
}

const STATE_CELLS = 18;

/** How long a session waits, or has been what it is. */
function ageOf({ row, line }: SessionEntry): number | null {
  if (line.node.waiting) return row.wait_seconds;
  return isPrepared(row) ? row.prepared_seconds : row.duration_seconds;
}

/** `idle in xact 1m02s`, `waits 59s`: of the one that does not wait, the state is the cause. */
function stateOf(entry: SessionEntry, level: Level): string {
  const { row, line } = entry;
  const age = ageOf(entry);
  const name = line.node.waiting
    ? 'waits'
    : isPrepared(row)
      ? 'prepared'
      : stateText(row.state, row.backend_type);
  const text = age === null ? name : `${name} ${duration(age)}`;
  // the age is worth more than the preposition
  return width(marked(level, text)) > STATE_CELLS ? text.replace(' in ', ' ') : text;
}

function stateLevel(entry: LockEntry, model: Model): Level {
  if (entry.kind === 'fold') return 'normal';
  const { row, line } = entry;
  if (line.node.waiting) return levelOf('lock_wait_seconds', row.wait_seconds, model.thresholds);
  return row.state?.startsWith('idle in transaction')
    ? levelOf('idle_in_transaction_seconds', row.state_seconds, model.thresholds)
    : 'normal';
}

const modeText = ({ mode }: LockRow) => (mode === null ? '' : lockModeName(mode));

/** Where a column says nothing of a fold. */
const of =
  <T>(get: (entry: SessionEntry) => T) =>
  (entry: LockEntry) =>
    entry.kind === 'fold' ? null : get(entry);
const text = (get: (entry: SessionEntry) => string) => (entry: LockEntry) => of(get)(entry) ?? '';

const columns = [
  {
    id: 'pid',
    title: 'PID',
    field: { kind: 'number' },
    width: PID_CELLS,
    priority: 1,
    value: of((e) => e.row.pid),
    cell: (e) =>
      treeText(e, e.kind === 'fold' ? foldCount(e) : isPrepared(e.row) ? 'prepared' : String(e.row.pid)),
    own: true,
  },
  {
    id: 'application',
    title: 'APPLICATION',
    short: 'APP',
    field: { kind: 'text', also: ['app'] },
    width: 8,
    priority: 5,
    value: (e) => (e.kind === 'fold' ? foldNames(e) : e.row.application_name),
  },
  { id: 'user', title: 'USER', width: 8, priority: 4, value: of((e) => e.row.usename ?? e.row.owner) },
  {
    id: 'state',
    title: 'STATE',
    width: STATE_CELLS,
    priority: 2,
    value: of((e) => ageOf(e)),
    cell: (e, model) => (e.kind === 'fold' ? '' : stateOf(e, stateLevel(e, model))),
    level: stateLevel,
    tone: (e) => (e.kind === 'session' && !e.line.node.waiting ? 'warn' : undefined),
  },
  {
    id: 'frees',
    title: 'FREES',
    field: { kind: 'number' },
    width: 5,
    align: 'right',
    priority: 7,
    value: of((e) => e.frees),
    cell: text((e) => (e.frees > 0 ? String(e.frees) : '')),
    tone: (e) => (e.kind === 'session' && e.frees > 0 && !e.line.node.waiting ? 'alert' : undefined),
  },
  {
    id: 'relation',
    title: 'WAITS FOR',
    width: 24,
    least: 17,
    priority: 6,
    value: of((e) => e.row.relation),
    cell: text(({ row }) =>
      row.mode === null ? '' : `${shortRelation(row.relation) ?? row.locktype ?? ''} ${modeText(row)}`,
    ),
  },
  { id: 'client', title: 'CLIENT', width: 13, priority: 8, value: of((e) => e.row.client_addr) },
  {
    id: 'blocked_by',
    title: 'BLOCKED BY',
    width: 12,
    priority: 9,
    value: of((e) => blockersOf(e.row).join(',')),
  },
  {
    id: 'query',
    title: 'QUERY',
    width: 30,
    grow: true,
    share: 0.44,
    priority: 1,
    value: (e) => (e.kind === 'fold' ? foldKinds(e) : queryOf(e)),
  },
] satisfies Column<LockEntry>[];

const unfolds = (model: Model) => {
  const key = model.keyOf('row.fold');
  return key === undefined ? '' : `   ${key} unfolds`;
};

const lockFacts = (entry: SessionEntry, model: Model): [string, string][] => [
  ...columnFacts({ columns: columns.filter(({ id }) => id === 'frees') }, entry, model),
  ['lock', [entry.row.locktype, entry.row.relation, modeText(entry.row)].filter(Boolean).join(' ') || '-'],
  ['waits for', duration(entry.row.wait_seconds)],
  ['blocked by', blockersOf(entry.row).join(', ') || '-'],
];

export const locksView = defineView<LockEntry>({
  id: 'locks',
  title: 'Locks',
  noun: 'sessions',
  polls: [locksPoll, summaryPoll],
  rows: (model) => lockForest(model).entries,
  tree: {
    show: showTree,
    branch: branchOf,
  },
  identity: (entry) =>
    entry.kind === 'fold' ? `fold/${entry.branch}` : `${entry.row.pid}/${entry.row.backend_start_us}`,
  sort: { column: 'pid', descending: false },
  ordered: 'Locks are shown as a tree: the blocker first, whoever waits for it below.',
  empty: 'No session waits for a lock.',
  columns,
  fields: [
    { name: 'age', kind: 'duration', value: of(ageOf) },
    { name: 'wait', kind: 'text', value: of(({ row }) => waitText(row)) },
    { name: 'gid', kind: 'text', value: of(({ row }) => row.gid) },
  ],
  across: (entry, model) =>
    entry.kind === 'fold'
      ? {
          tree: treeText(entry, ''),
          text: [foldCount(entry), ': ', foldKinds(entry), '   ', foldNames(entry), unfolds(model)].join(''),
        }
      : undefined,
  verdict: verdictLine,
  backend: (entry) =>
    entry.kind === 'fold' || isPrepared(entry.row)
      ? undefined
      : { pid: entry.row.pid, backendStart: entry.row.backend_start_us },
  query: of(({ row }) => row.query),
  database: of(({ row }) => row.datname ?? row.prepared_in),
  detail: (entry, model) =>
    entry.kind === 'fold'
      ? [
          {
            title: foldCount(entry),
            table: {
              columns: ['pid', 'user', 'application', 'waits', 'query'],
              rows: entry.entries.map(({ row }) => [
                ...[String(row.pid), row.usename ?? '-', row.application_name ?? '-'],
                ...[duration(row.wait_seconds), row.query ?? ''],
              ]),
            },
          },
        ]
      : [
          {
            title: entry.line.node.waiting ? 'Waits' : 'Blocks others and does not wait',
            facts: lockFacts(entry, model),
          },
          ...(entry.row.gid === null
            ? [{ title: 'Query', text: entry.row.query ?? '' }]
            : [{ title: 'Prepared transaction', facts: preparedFacts(entry.row, entry.row.gid) }]),
        ],
  record: (entry) => {
    if (entry.kind === 'fold') return {};
    const { row, line, frees } = entry;
    const { queue: _, ...facts } = row;
    return {
      ...facts,
      root_pid: line.node.rootPid,
      parent_pid: line.node.parentPid,
      depth: line.depth,
      frees,
    };
  },
  beside: {
    facts: (model) => {
      const { forest, cures } = lockForest(model);
      return {
        waiters: forest.waiters,
        cures: cures.map(({ action, pids, frees }) => ({ action, pids, frees: frees.length })),
      };
    },
  },
  operations: [
    {
      id: 'locks.prepared',
      key: 'P',
      title: 'End the prepared transaction',
      operation: 'prepared',
      argument: (entry) => (entry.kind === 'fold' ? '' : (entry.row.gid ?? '')),
      only: (entry) => entry.kind === 'session' && entry.row.gid !== null,
      danger: true,
      hint: 2,
      short: 'commit or roll back',
      elsewhere: 'the row is no prepared transaction',
    },
  ],
});

function preparedFacts(row: LockRow, gid: string): [string, string][] {
  const name = quoteLiteral(gid).trim();
  return [
    ['gid', gid],
    ['owner', row.owner ?? '-'],
    ['database', row.prepared_in ?? '-'],
    ['prepared', `${duration(row.prepared_seconds)} ago`],
    [
      'to end it',
      `P, or in ${row.prepared_in ?? 'its database'}: COMMIT PREPARED ${name} or ROLLBACK PREPARED ${name}`,
    ],
  ];
}

export const locksScreen = defineScreen({ id: 'locks', title: 'Locks', key: '3', panes: [locksView] });
