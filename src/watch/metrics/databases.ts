import { databaseEstimatePoll, databasePoll, type databaseStats } from '../../db/queries/database.ts';
import { autovacuumPoll } from '../../db/queries/maintain/due.ts';
import { databaseAgesPoll } from '../../db/queries/wraparound.ts';
import type { RowOf } from '../../db/query.ts';
import { columns, connected, counters, type Metric, ofPoll, type Scrape } from './metric.ts';

/** Databases that get series: those with the most transactions. */
const DATABASES = 100;

type Row = RowOf<typeof databaseStats>;

const transactions = ({ xact_commit, xact_rollback }: Row): number => xact_commit + xact_rollback;

const busiest = ({ figures }: Scrape): readonly Row[] =>
  figures
    .rows(databasePoll)
    .toSorted((a, b) => transactions(b) - transactions(a) || a.datid - b.datid)
    .slice(0, DATABASES);

/** What is counted of tables; 0 with track_counts off is no figure. */
const tracked =
  (value: (row: Row) => number) =>
  (row: Row, { figures }: Scrape): number | null =>
    figures.rows(autovacuumPoll)[0]?.track_counts === false ? null : value(row);

/** 0 while track_io_timing is off. */
const timed =
  (value: (row: Row) => number) =>
  (row: Row, { figures }: Scrape): number | null =>
    figures.server?.settings.track_io_timing === 'on' || value(row) > 0 ? value(row) : null;

const seconds = (ms: number | null): number | null => (ms === null ? null : ms / 1000);

/** The names are those of postgres_exporter, which end in no `_total`. */
const perDatabase = columns(
  {
    reads: [databasePoll],
    labels: { datid: ({ datid }) => datid, datname: ({ datname }) => datname },
    rows: busiest,
  },
  [
    {
      name: 'pg_stat_database_numbackends',
      help: 'Backends connected to this database.',
      value: ({ numbackends }) => numbackends,
    },
    ...counters<Row>([
      ['pg_stat_database_xact_commit', 'Transactions committed.', (row) => row.xact_commit],
      ['pg_stat_database_xact_rollback', 'Transactions rolled back.', (row) => row.xact_rollback],
      [
        'pg_stat_database_blks_read',
        'Blocks read from disk or from the system’s cache.',
        tracked((row) => row.blks_read),
      ],
      ['pg_stat_database_blks_hit', 'Blocks found in shared buffers.', tracked((row) => row.blks_hit)],
      [
        'pg_stat_database_tup_returned',
        'Rows read by sequential scans and index entries returned.',
        tracked((row) => row.tup_returned),
      ],
      ['pg_stat_database_tup_fetched', 'Rows fetched by index scans.', tracked((row) => row.tup_fetched)],
      ['pg_stat_database_tup_inserted', 'Rows inserted.', tracked((row) => row.tup_inserted)],
      ['pg_stat_database_tup_updated', 'Rows updated.', tracked((row) => row.tup_updated)],
      ['pg_stat_database_tup_deleted', 'Rows deleted.', tracked((row) => row.tup_deleted)],
      [
        'pg_stat_database_conflicts',
        'Queries cancelled on a standby because they stood in the way of replay.',
        (row) => row.conflicts,
      ],
      ['pg_stat_database_temp_files', 'Temporary files written by queries.', (row) => row.temp_files],
      ['pg_stat_database_temp_bytes', 'Bytes written to temporary files.', (row) => row.temp_bytes],
      ['pg_stat_database_deadlocks', 'Deadlocks.', (row) => row.deadlocks],
      [
        'pg_stat_database_blk_read_time',
        'Milliseconds that backends spent reading blocks; absent without track_io_timing.',
        timed((row) => row.blk_read_time),
      ],
      [
        'pg_stat_database_blk_write_time',
        'Milliseconds that backends spent writing blocks; absent without track_io_timing.',
        timed((row) => row.blk_write_time),
      ],
      [
        'pgdeck_database_checksum_failures_total',
        'Pages that did not match their checksum; absent without data checksums.',
        (row) => row.checksum_failures,
      ],
    ]),
    {
      name: 'pg_stat_database_active_time_seconds_total',
      help: 'Seconds spent executing statements.',
      type: 'counter',
      min: 14,
      value: ({ active_time }) => seconds(active_time),
    },
  ],
);

export const databases: readonly Metric[] = [
  ...perDatabase,
  ...columns({ reads: [databasePoll], rows: (scrape) => [scrape] }, [
    {
      name: 'pgdeck_databases_left_out',
      help: `Databases without series of their own: the ${DATABASES} with the most transactions have some.`,
      value: ({ figures }) => Math.max(0, figures.rows(databasePoll).length - DATABASES),
    },
  ]),
  ...ofPoll(
    databaseAgesPoll,
    [
      {
        name: 'pg_database_wraparound_age_datfrozenxid_seconds',
        help: 'Age of the oldest transaction id that is not frozen, in transactions: the name is that of postgres_exporter.',
        value: ({ xid_age, connectable }) => (connectable ? xid_age : null),
      },
      {
        name: 'pg_database_wraparound_age_datminmxid_seconds',
        help: 'Age of the oldest multixact id, in multixacts.',
        value: ({ mxid_age, connectable }) => (connectable ? mxid_age : null),
      },
    ],
    { labels: { datname: ({ datname }) => datname }, most: DATABASES },
  ),
  ...ofPoll(
    databaseEstimatePoll,
    [
      {
        name: 'pgdeck_database_size_estimate_bytes',
        help: 'Size of the connected database, as of the last VACUUM or ANALYZE of each relation.',
        value: ({ est_bytes }) => est_bytes,
      },
    ],
    { labels: { datname: connected } },
  ),
];
