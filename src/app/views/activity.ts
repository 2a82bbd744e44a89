import { waits } from '../../db/blocking.ts';
import { type ActivityRow, activityPoll, summaryPoll } from '../../db/queries/activity.ts';
import { locksPoll } from '../../db/queries/locks.ts';
import { type Level, levelOf } from '../../health/level.ts';
import { span } from '../../text/line.ts';
import { duration } from '../../text/units.ts';
import { action } from '../core/action.ts';
import type { Deck } from '../core/deck.ts';
import type { Model } from '../core/model.ts';
import { type BackendRef, defineScreen, defineView } from '../core/view.ts';
import { processColumns, processesUnknown, processRecord } from './process-columns.ts';

/** States as they fit into a column; the letter stands first so that colour is never needed. */
const STATES: Readonly<Record<string, string>> = {
  active: 'active',
  idle: 'idle',
  'idle in transaction': 'idle in xact',
  'idle in transaction (aborted)': 'idle aborted',
  'fastpath function call': 'fastpath',
  disabled: 'disabled',
};

export function stateText(state: string | null, backendType: string | null): string {
  if (state === null) return backendType === null || backendType === 'client backend' ? 'hidden' : '-';
  return STATES[state] ?? state;
}

function ageLevel(row: ActivityRow, model: Model): Level {
  const { state } = row;
  if (row.backend_type !== null && row.backend_type !== 'client backend') return 'normal';
  if (state === 'active') return levelOf('long_query_seconds', row.query_seconds, model.thresholds);
  if (state?.startsWith('idle in transaction'))
    return levelOf('idle_in_transaction_seconds', row.state_seconds, model.thresholds);
  return 'normal';
}

/** Where the session waits, as `Lock:relation`; empty when it runs on the CPU. */
export function waitText(row: { wait_event_type: string | null; wait_event: string | null }): string {
  if (row.wait_event_type === null) return '';
  return row.wait_event_type === 'Client' || row.wait_event_type === 'Activity'
    ? (row.wait_event ?? row.wait_event_type)
    : `${row.wait_event_type}:${row.wait_event ?? ''}`;
}

/** The same where there is little room: of most kinds the event says all, and who is idle waits for its client. */
function shortWait(row: ActivityRow): string {
  if (row.wait_event === 'ClientRead' && row.state !== 'active') return '';
  const whole = waitText(row);
  return row.wait_event_type === 'Lock' || row.wait_event_type === 'LWLock'
    ? whole
    : whole.slice(whole.indexOf(':') + 1);
}

function waitsForLock(row: ActivityRow): boolean {
  return row.state === 'active' && row.wait_event_type === 'Lock';
}

function toggleIdle(deck: Deck): void {
  const idle = !deck.state.idle;
  deck.store.set({ idle });
  deck.tellNeeds();
  deck.sampler.refresh([activityPoll]);
  deck.say(idle ? 'Idle sessions are listed too.' : 'Idle sessions are left out.');
}

const backendOf = (row: ActivityRow): BackendRef => ({
  pid: row.pid,
  backendStart: row.backend_start_us,
});

export const activityView = defineView<ActivityRow>({
  id: 'activity',
  title: 'Activity',
  noun: 'sessions',
  polls: [activityPoll, summaryPoll],
  rows: (model) => model.rows(activityPoll),
  apart: {
    view: 'locks',
    title: 'Activity without lock waiters',
    // only those that the other list has: nobody is in neither
    rest: (model, rows) => {
      const listed = new Set(
        model
          .rows(locksPoll)
          .filter(waits)
          .map(({ pid }) => pid),
      );
      return listed.size === 0 ? rows : rows.filter(({ pid }) => !listed.has(pid));
    },
  },
  total: (model) => model.rows(activityPoll)[0]?.matching,
  counted: ({ idle }) => (idle ? 'sessions' : 'not idle'),
  identity: (row) => `${row.pid}/${row.backend_start_us}`,
  sort: { column: 'age', descending: true },
  empty: 'No session is doing anything.',
  columns: [
    {
      id: 'pid',
      title: 'PID',
      field: { kind: 'number' },
      width: 7,
      align: 'right',
      priority: 1,
      value: (r) => r.pid,
    },
    {
      id: 'database',
      title: 'DATABASE',
      short: 'DB',
      field: { kind: 'text', also: ['db'] },
      width: 10,
      least: 8,
      priority: 11,
      value: (r) => r.datname,
    },
    { id: 'user', title: 'USER', width: 10, least: 8, priority: 7, value: (r) => r.usename },
    {
      id: 'application',
      title: 'APPLICATION',
      short: 'APP',
      field: { kind: 'text', also: ['app'] },
      width: 14,
      least: 8,
      priority: 5,
      value: (r) => r.application_name || (r.backend_type === 'client backend' ? '' : r.backend_type),
    },
    { id: 'client', title: 'CLIENT', width: 13, priority: 13, value: (r) => r.client_addr },
    {
      id: 'state',
      title: 'STATE',
      width: 12,
      priority: 3,
      value: (r) => r.state,
      // active and yet doing nothing: seen at a glance also where there is no room for WAIT
      cell: (r) => (waitsForLock(r) ? `${r.state}: Lock` : stateText(r.state, r.backend_type)),
      tone: (r) =>
        r.state === 'active'
          ? waitsForLock(r)
            ? 'alert'
            : 'good'
          : r.state?.startsWith('idle in transaction')
            ? 'warn'
            : r.state === null
              ? 'muted'
              : undefined,
    },
    {
      id: 'wait',
      title: 'WAIT',
      width: 18,
      least: 8,
      priority: 6,
      value: (r) => waitText(r),
      cell: (r) => shortWait(r),
      tone: (r) => (r.wait_event_type === 'Lock' ? 'alert' : undefined),
    },
    {
      id: 'age',
      title: 'AGE',
      field: { kind: 'duration' },
      width: 9,
      align: 'right',
      priority: 2,
      value: (r) => r.duration_seconds,
      format: duration,
      level: ageLevel,
    },
    {
      id: 'xact',
      title: 'XACT',
      field: { kind: 'duration' },
      width: 6,
      align: 'right',
      priority: 12,
      value: (r) => r.xact_seconds,
      format: duration,
    },
    ...processColumns(backendOf),
    {
      id: 'query',
      title: 'QUERY',
      width: 32,
      grow: true,
      share: 0.51,
      priority: 1,
      value: (r) => r.query,
      cell: (r) => r.query ?? '',
    },
  ],
  fields: [
    { name: 'type', kind: 'text', value: (r) => r.backend_type },
    { name: 'query_id', kind: 'text', value: (r) => r.query_id },
  ],
  headline: (model) => {
    const s = model.rows(summaryPoll)[0];
    if (!s) return [];
    const part = (n: number | null, word: string) => (n === null ? [] : [span(`${n} ${word}  `)]);
    return [
      ...part(s.active, 'active'),
      ...part(s.idle, 'idle'),
      ...part(s.idle_in_transaction, 'idle in xact'),
      ...(s.lock_waiting ? [span(`${s.lock_waiting} waiting  `, 'alert')] : []),
      ...(s.hidden ? [span(`${s.hidden} hidden  `, 'muted')] : []),
      ...(s.idle_for_long
        ? [span(`${s.idle_for_long} idle over ${duration(model.thresholds.idle_session_seconds)}  `, 'muted')]
        : []),
      ...(s.longest_xact_seconds
        ? [span(`oldest transaction ${duration(s.longest_xact_seconds)}`, 'muted')]
        : []),
    ];
  },
  backend: backendOf,
  query: (row) => row.query,
  database: (row) => row.datname,
  detail: (row) => [{ title: 'Query', text: row.query ?? '' }],
  actions: [
    {
      ...action('find.idle', 'table', 'i', 'List idle sessions too, or not', toggleIdle),
      elsewhere: 'only sessions can be idle',
    },
  ],
  record: ({ matching: _, ...row }, model) => ({
    ...row,
    ...processRecord({ pid: row.pid, backendStart: row.backend_start_us }, model),
  }),
  beside: { facts: processesUnknown },
});

export const activityScreen = defineScreen({
  id: 'activity',
  title: 'Activity',
  key: '2',
  panes: [activityView],
});
