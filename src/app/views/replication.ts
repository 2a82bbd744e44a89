import {
  receiverPoll,
  type replicationSenders,
  type replicationSlots,
  type replicationStandby,
  sendersPoll,
  slotsPoll,
  standbyPoll,
} from '../../db/queries/replication.ts';
import { walPositionPoll } from '../../db/queries/wal.ts';
import type { RowOf } from '../../db/query.ts';
import { levelOf } from '../../health/level.ts';
import { span } from '../../text/line.ts';
import { bytes, duration } from '../../text/units.ts';
import { LEVEL_TONE, type Model, marked } from '../core/model.ts';
import { type Column, columnFacts, defineScreen, defineView } from '../core/view.ts';
import { progressView } from './progress.ts';
import { walView } from './wal.ts';

type Sender = RowOf<typeof replicationSenders>;
type Slot = RowOf<typeof replicationSlots>;

/** Lag by our own samples of the WAL position; `>` where it is longer than what is remembered. */
function lagText(row: Sender, model: Model): string {
  const lag = model.lag.of(row);
  return lag === null ? '-' : `${lag.atLeast ? '>' : ''}${duration(lag.seconds)}`;
}

const senderColumns = [
  {
    id: 'pid',
    title: 'PID',
    field: { kind: 'number' },
    width: 7,
    align: 'right',
    priority: 2,
    value: (r) => r.pid,
  },
  {
    id: 'name',
    title: 'STANDBY',
    width: 14,
    priority: 1,
    grow: true,
    value: (r) => r.application_name,
  },
  { id: 'client', title: 'CLIENT', width: 13, priority: 5, value: (r) => r.client_addr },
  { id: 'state', title: 'STATE', width: 9, priority: 1, value: (r) => r.state },
  { id: 'sync', title: 'SYNC', width: 6, priority: 4, value: (r) => r.sync_state },
  {
    id: 'lag',
    title: 'LAG',
    field: { kind: 'duration' },
    width: 10,
    align: 'right',
    priority: 1,
    value: (r, model) => model.lag.of(r)?.seconds,
    cell: lagText,
    level: (r, model) => levelOf('replication_lag_seconds', model.lag.of(r)?.seconds, model.thresholds),
  },
  {
    id: 'behind',
    title: 'BEHIND',
    field: { kind: 'size' },
    width: 8,
    align: 'right',
    priority: 1,
    value: (r) => r.total_lag_bytes,
    format: bytes,
  },
  {
    id: 'send',
    title: 'TO SEND',
    field: { kind: 'size' },
    width: 8,
    align: 'right',
    priority: 6,
    value: (r) => r.send_lag_bytes,
    format: bytes,
  },
  {
    id: 'write',
    title: 'TO WRITE',
    short: 'WRITE',
    field: { kind: 'size' },
    width: 8,
    align: 'right',
    priority: 8,
    value: (r) => r.write_lag_bytes,
    format: bytes,
  },
  {
    id: 'flush',
    title: 'TO FLUSH',
    short: 'FLUSH',
    field: { kind: 'size' },
    width: 8,
    align: 'right',
    priority: 8,
    value: (r) => r.flush_lag_bytes,
    format: bytes,
  },
  {
    id: 'replay',
    title: 'TO REPLAY',
    short: 'REPLAY',
    field: { kind: 'size' },
    width: 9,
    align: 'right',
    priority: 6,
    value: (r) => r.replay_lag_bytes,
    format: bytes,
  },
  { id: 'slot', title: 'SLOT', width: 12, priority: 7, value: (r) => r.slot_name },
] satisfies Column<Sender>[];

/** What is received and not replayed, and for how long at most. */
function replaySpan(
  { replay_lag_bytes, replay_lag_seconds }: RowOf<typeof replicationStandby>,
  model: Model,
) {
  const level = levelOf('replication_lag_seconds', replay_lag_seconds, model.thresholds);
  const age = replay_lag_seconds ? `, ≤${duration(replay_lag_seconds)}` : '';
  return span(`  to replay ${marked(level, `${bytes(replay_lag_bytes)}${age}`)}`, LEVEL_TONE[level]);
}

export const replicationView = defineView<Sender>({
  id: 'replication',
  title: 'Replication',
  noun: 'standbys',
  polls: [sendersPoll, standbyPoll, receiverPoll, walPositionPoll],
  rows: (model) => model.rows(sendersPoll),
  identity: (row) => `${row.pid}/${row.backend_start_us}`,
  sort: { column: 'behind', descending: true },
  empty: 'No standby is connected.',
  columns: senderColumns,
  headline: (model) => {
    const standby = model.rows(standbyPoll)[0];
    if (!standby?.standby) return [];
    const receiver = model.rows(receiverPoll)[0];
    return [
      span('this server is a standby', 'accent'),
      span(
        receiver
          ? ` of ${receiver.sender_host ?? 'a primary'}:${receiver.sender_port ?? ''} (${receiver.status})`
          : ', no receiver runs',
        receiver ? undefined : 'warn',
      ),
      replaySpan(standby, model),
      ...(standby.last_replay_seconds === null
        ? []
        : [span(`  last replayed commit ${duration(standby.last_replay_seconds)} old`)]),
      ...(standby.paused ? [span('  REPLAY PAUSED', 'alert')] : []),
    ];
  },
  backend: (row) => ({ pid: row.pid, backendStart: row.backend_start_us }),
  detail: (row, model) => [
    { title: `Standby ${row.application_name}`, facts: columnFacts({ columns: senderColumns }, row, model) },
  ],
  record: (row, model) => ({ ...row, lag_seconds: model.lag.of(row)?.seconds ?? null }),
  beside: {
    polls: [slotsPoll],
    facts: (model) => ({
      slots: model.rows(slotsPoll),
      standby: model.rows(standbyPoll)[0] ?? null,
      receiver: model.rows(receiverPoll)[0] ?? null,
    }),
  },
});

const slotColumns = [
  { id: 'slot', title: 'SLOT', width: 16, priority: 1, grow: true, value: (s) => s.slot_name },
  { id: 'type', title: 'TYPE', width: 8, priority: 3, value: (s) => s.slot_type },
  {
    id: 'database',
    title: 'DATABASE',
    field: { kind: 'text', also: ['db'] },
    width: 12,
    priority: 5,
    value: (s) => s.database,
    cell: (s) => s.database ?? '',
  },
  {
    id: 'active',
    title: 'ACTIVE',
    width: 8,
    priority: 1,
    value: (s) => s.active,
    cell: (s) => (s.active ? `yes ${s.active_pid ?? ''}` : 'no'),
    tone: (s) => (s.active ? undefined : 'warn'),
  },
  {
    id: 'retained',
    title: 'RETAINED',
    field: { kind: 'size' },
    width: 8,
    align: 'right',
    priority: 1,
    value: (s) => s.retained_bytes,
    format: bytes,
  },
  {
    id: 'status',
    title: 'WAL',
    width: 10,
    priority: 2,
    value: (s) => s.wal_status,
    cell: (s) => s.invalidation_reason ?? s.wal_status ?? '-',
    tone: (s) => (s.wal_status === 'lost' || s.wal_status === 'unreserved' ? 'alert' : undefined),
  },
  {
    id: 'safe',
    title: 'SAFE',
    field: { kind: 'size' },
    width: 8,
    align: 'right',
    priority: 6,
    value: (s) => s.safe_wal_bytes,
    format: bytes,
  },
] satisfies Column<Slot>[];

export const slotsView = defineView<Slot>({
  id: 'slots',
  title: 'Slots',
  noun: 'slots',
  polls: [slotsPoll],
  rows: (model) => model.rows(slotsPoll),
  identity: (row) => row.slot_name,
  sort: { column: 'retained', descending: true },
  empty: 'No replication slot exists.',
  columns: slotColumns,
  detail: (row, model) => [
    { title: `Slot ${row.slot_name}`, facts: columnFacts({ columns: slotColumns }, row, model) },
  ],
});

export const replicationScreen = defineScreen({
  id: 'replication',
  title: 'Replication & WAL',
  short: 'Repl.',
  key: '7',
  panes: [progressView, replicationView, slotsView, walView],
  weights: [4, 4, 3, 9],
});
