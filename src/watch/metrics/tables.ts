import { tableBloatPoll } from '../../db/queries/maintain/bloat.ts';
import { autovacuumPoll } from '../../db/queries/maintain/due.ts';
import {
  LARGEST_TABLES,
  largestSizesPoll,
  largestStatsPoll,
  largestTablesPoll,
  type tableStats,
} from '../../db/queries/relations.ts';
import type { RowOf } from '../../db/query.ts';
import { columns, connected, counters, type Metric, type Scrape } from './metric.ts';

type Stats = RowOf<typeof tableStats>;

interface Named {
  readonly schemaname: string;
  readonly relname: string;
}

const labels = {
  datname: connected,
  schemaname: ({ schemaname }: Named) => schemaname,
  relname: ({ relname }: Named) => relname,
};

const largest = ({ figures }: Scrape) => figures.rows(largestTablesPoll);

/** With track_counts off what is counted is 0, whatever happens. */
const counted = (scrape: Scrape): readonly Stats[] => {
  if (scrape.figures.rows(autovacuumPoll)[0]?.track_counts === false) return [];
  const byOid = new Map(scrape.figures.rows(largestStatsPoll).map((row) => [row.relid, row]));
  return largest(scrape).flatMap(({ oid }) => byOid.get(oid) ?? []);
};

const epoch = (time: string | null): number | null => (time === null ? null : Date.parse(time) / 1000);

/** postgres_exporter has the time 0 for what has never happened: it is absent here. */
const perTable = columns(
  { reads: [largestTablesPoll, largestStatsPoll, autovacuumPoll], labels, rows: counted },
  [
    ...counters<Stats>([
      ['pg_stat_user_tables_seq_scan', 'Sequential scans.', (row) => row.seq_scan],
      ['pg_stat_user_tables_seq_tup_read', 'Rows read by sequential scans.', (row) => row.seq_tup_read],
      ['pg_stat_user_tables_idx_scan', 'Index scans; absent without an index.', (row) => row.idx_scan],
      ['pg_stat_user_tables_idx_tup_fetch', 'Rows fetched by index scans.', (row) => row.idx_tup_fetch],
      ['pg_stat_user_tables_n_tup_ins', 'Rows inserted.', (row) => row.n_tup_ins],
      ['pg_stat_user_tables_n_tup_upd', 'Rows updated.', (row) => row.n_tup_upd],
      ['pg_stat_user_tables_n_tup_del', 'Rows deleted.', (row) => row.n_tup_del],
      [
        'pg_stat_user_tables_n_tup_hot_upd',
        'Rows updated without new index entries.',
        (row) => row.n_tup_hot_upd,
      ],
      ['pg_stat_user_tables_vacuum_count', 'Times that it was vacuumed by hand.', (row) => row.vacuum_count],
      [
        'pg_stat_user_tables_autovacuum_count',
        'Times that autovacuum vacuumed it.',
        (row) => row.autovacuum_count,
      ],
    ]),
    {
      name: 'pg_stat_user_tables_n_live_tup',
      help: 'Estimated number of live rows.',
      value: ({ n_live_tup }) => n_live_tup,
    },
    {
      name: 'pg_stat_user_tables_n_dead_tup',
      help: 'Estimated number of dead rows.',
      value: ({ n_dead_tup }) => n_dead_tup,
    },
    {
      name: 'pg_stat_user_tables_n_mod_since_analyze',
      help: 'Estimated number of rows changed since it was analysed.',
      value: ({ n_mod_since_analyze }) => n_mod_since_analyze,
    },
    {
      name: 'pgdeck_table_vacuum_threshold_rows',
      help: 'Dead rows above which autovacuum vacuums it.',
      value: ({ vacuum_at }) => vacuum_at,
    },
    {
      name: 'pg_stat_user_tables_last_vacuum',
      help: 'When it was last vacuumed by hand, in seconds since 1970; absent: never.',
      value: ({ last_vacuum }) => epoch(last_vacuum),
    },
    {
      name: 'pg_stat_user_tables_last_autovacuum',
      help: 'When autovacuum last vacuumed it, in seconds since 1970; absent: never.',
      value: ({ last_autovacuum }) => epoch(last_autovacuum),
    },
    {
      name: 'pg_stat_user_tables_last_analyze',
      help: 'When it was last analysed by hand, in seconds since 1970; absent: never.',
      value: ({ last_analyze }) => epoch(last_analyze),
    },
    {
      name: 'pg_stat_user_tables_last_autoanalyze',
      help: 'When autovacuum last analysed it, in seconds since 1970; absent: never.',
      value: ({ last_autoanalyze }) => epoch(last_autoanalyze),
    },
  ],
);

const sizes = columns(
  {
    reads: [largestTablesPoll, largestSizesPoll],
    labels,
    rows: (scrape) => {
      const exact = new Map(scrape.figures.rows(largestSizesPoll).map((row) => [row.oid, row]));
      return largest(scrape).flatMap(({ oid, schemaname, relname }) => {
        const row = exact.get(oid);
        return row ? [{ ...row, schemaname, relname }] : [];
      });
    },
  },
  [
    {
      name: 'pg_stat_user_tables_table_size_bytes',
      help: 'Size on disk without indexes; absent while somebody holds the table exclusively.',
      value: ({ table_bytes }) => table_bytes,
    },
    {
      name: 'pg_stat_user_tables_index_size_bytes',
      help: 'Size on disk of its indexes; absent while somebody holds the table exclusively.',
      value: ({ index_bytes }) => index_bytes,
    },
  ],
);

const bloat = columns(
  {
    reads: [tableBloatPoll],
    labels,
    rows: ({ figures }) =>
      figures
        .rows(tableBloatPoll)
        .toSorted((a, b) => b.bytes - a.bytes)
        .slice(0, LARGEST_TABLES)
        .map((row) => ({ ...row, schemaname: row.schema, relname: row.name })),
  },
  [
    {
      name: 'pgdeck_table_bloat_estimate_bytes',
      help: 'Estimated bytes that a rewrite of the table would give back; absent where it cannot be estimated.',
      value: ({ bloat_bytes }) => bloat_bytes,
    },
  ],
);

export const tables: readonly Metric[] = [...perTable, ...sizes, ...bloat];
