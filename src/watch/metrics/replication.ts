import {
  receiverPoll,
  type replicationSenders,
  sendersPoll,
  slotsPoll,
  standbyPoll,
} from '../../db/queries/replication.ts';
import { walPositionPoll } from '../../db/queries/wal.ts';
import type { RowOf } from '../../db/query.ts';
import { columns, type Metric, ofPoll, type Scrape } from './metric.ts';

/** Standbys, and slots, that get series. */
const MOST = 100;

type Sender = RowOf<typeof replicationSenders>;

/** Those that replay, the furthest behind first: of several by the same name that one counts. */
const standbys = ({ figures }: Scrape): readonly Sender[] =>
  figures
    .rows(sendersPoll)
    .filter(({ replay_lsn_bytes }) => replay_lsn_bytes !== null)
    .toSorted((a, b) => (b.total_lag_bytes ?? 0) - (a.total_lag_bytes ?? 0))
    .slice(0, MOST);

/** postgres_exporter has a label `pid` too: a standby that connects again would be another one. */
const perStandby = columns(
  {
    reads: [sendersPoll, walPositionPoll],
    labels: {
      application_name: ({ application_name }) => application_name,
      client_addr: ({ client_addr }) => client_addr,
      state: ({ state }) => state,
      slot_name: ({ slot_name }) => slot_name,
    },
    rows: standbys,
  },
  [
    {
      name: 'pg_stat_replication_pg_wal_lsn_diff',
      help: 'Bytes of WAL that a standby has not replayed yet.',
      value: ({ total_lag_bytes }) => total_lag_bytes,
    },
    {
      name: 'pgdeck_standby_lag_seconds',
      help: 'How long ago this server wrote what a standby has not replayed yet, by samples of its WAL position; at least, where it is behind all of them.',
      value: (row, { figures }) => figures.lag.of(row)?.seconds,
    },
  ],
);

export const replication: readonly Metric[] = [
  ...ofPoll(walPositionPoll, [
    {
      name: 'pg_replication_is_replica',
      help: 'Whether this server is a standby.',
      value: ({ standby }) => standby,
    },
    {
      name: 'pgdeck_wal_bytes_total',
      help: 'Where WAL has come to, in bytes: written here, received on a standby.',
      type: 'counter',
      value: ({ lsn_bytes }) => lsn_bytes,
    },
  ]),
  ...columns({ reads: [standbyPoll, receiverPoll], rows: ({ figures }) => figures.rows(standbyPoll) }, [
    {
      name: 'pg_replication_lag_seconds',
      help: 'On a standby that receives: 0 when all that was received is replayed, else the age of the last commit replayed.',
      // one that receives from nobody has replayed all, however far its primary has gone
      value: ({ replay_lag_seconds }, { figures }) =>
        figures.rows(receiverPoll).length > 0 ? replay_lag_seconds : null,
    },
    {
      name: 'pg_replication_last_replay_seconds',
      help: 'On a standby: the age of the last commit replayed.',
      value: ({ last_replay_seconds }) => last_replay_seconds,
    },
  ]),
  ...perStandby,
  ...ofPoll(
    slotsPoll,
    [
      {
        name: 'pg_replication_slots_active',
        help: 'Whether somebody reads from the slot.',
        labels: { database: ({ database }) => database },
        value: ({ active }) => active,
      },
      {
        name: 'pg_replication_slots_pg_wal_lsn_diff',
        help: 'Bytes of WAL that the slot keeps from being removed.',
        labels: { database: ({ database }) => database },
        value: ({ retained_bytes }) => retained_bytes,
      },
      {
        name: 'pg_replication_slots_safe_wal_size_bytes',
        help: 'Bytes of WAL that can be written before the slot may be lost; absent without max_slot_wal_keep_size.',
        labels: { slot_type: ({ slot_type }) => slot_type },
        value: ({ safe_wal_bytes }) => safe_wal_bytes,
      },
      {
        name: 'pg_replication_slots_wal_status',
        help: 'Whether the WAL that the slot needs is there, as a label.',
        labels: { slot_type: ({ slot_type }) => slot_type, wal_status: ({ wal_status }) => wal_status },
        value: ({ wal_status }) => (wal_status === null ? null : 1),
      },
    ],
    { labels: { slot_name: ({ slot_name }) => slot_name }, most: MOST },
  ),
];
