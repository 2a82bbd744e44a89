import { z } from 'zod';
import { type Known, poll } from '../poll.ts';
import { column, defineQuery, type RowOf, type Variant } from '../query.ts';
import { hiddenSessions, relationJoin, relationName, since } from './fragments.ts';

function gate(copy: string): string {
  const count = (command: string) => `(SELECT count(*) FROM pg_stat_get_progress_info('${command}'))::int`;
  return `SELECT /* pgdeck */ ${count('VACUUM')} AS vacuum, ${count('CREATE INDEX')} AS create_index, ${count('CLUSTER')} AS cluster,
  ${count('ANALYZE')} AS analyze, ${copy === '' ? 'NULL::int' : count(copy)} AS copy, ${count('BASEBACKUP')} AS basebackup`;
}

/** How many of each command run: a view of its own is worth asking only where this is not 0. */
export const progressGate = defineQuery({
  id: 'progress.gate',
  variants: [
    { max: 13, sql: gate('') },
    { min: 14, sql: gate('COPY') },
  ],
  row: z.object({
    vacuum: z.int(),
    create_index: z.int(),
    cluster: z.int(),
    analyze: z.int(),
    /** Null before 14, which does not tell. */
    copy: column.int,
    basebackup: z.int(),
  }),
});

/** One shape for all commands: what is done of what, in which unit. Null where this phase has no such measure. */
const row = z.object({
  pid: z.int(),
  datname: column.text,
  /** `VACUUM`, `autovacuum`, `CREATE INDEX CONCURRENTLY`, `COPY FROM` …; null where hidden. */
  command: column.text,
  /** `schema.name` in the connected database, else the oid. */
  relation: column.text,
  index_relation: column.text,
  phase: column.text,
  done: column.float,
  total: column.float,
  unit: z.enum(['blocks', 'tuples', 'bytes', 'lockers', 'indexes', 'tables', 'statistics']).nullable(),
  /** Of this phase, not of the command: no server knows how long the phases to come will take. */
  phase_percent: column.float,
  run_seconds: column.float,
  wait_event_type: column.text,
  wait_event: column.text,
  detail: column.text,
});
export type ProgressRow = z.output<typeof row>;

interface ProgressView {
  /** The part of the view's name after `pg_stat_progress_`. */
  view: string;
  command: string;
  /** `unit, done, total` by phase, as a list of CASE branches. */
  measures: readonly (readonly [when: string, unit: string, done: string, total: string])[];
  detail: string;
  started: string;
  phase?: string;
  relid?: string;
  indexRelid?: string;
}

function progress(source: ProgressView): string {
  const { view, command, measures, detail, started } = source;
  const { phase = 'p.phase', relid = 'p.relid', indexRelid = '0::oid' } = source;
  const datname = relid === '0::oid' ? 'a.datname' : 'p.datname';
  const datid = relid === '0::oid' ? '0::oid' : 'p.datid';
  const pick = (part: 1 | 2 | 3, type: string) =>
    `CASE ${measures.map((m) => `WHEN ${m[0]} THEN ${part === 1 ? `'${m[1]}'` : `(${m[part]})::float8`}`).join(' ')} END::${type}`;
  return `SELECT /* pgdeck */ pid, datname, command, relation, index_relation, phase, done, nullif(total, 0) AS total, unit,
  -- least(100, NULL) would be 100
  CASE WHEN total > 0 AND done IS NOT NULL THEN least(100, 100 * done / total) END AS phase_percent, run_seconds, wait_event_type, wait_event, detail
FROM (SELECT p.pid, ${datname}::text AS datname, ${command} AS command, ${relationName(relid, 'r')} AS relation,
    ${relationName(indexRelid, 'i')} AS index_relation, ${phase} AS phase,
    ${pick(1, 'text')} AS unit, ${pick(2, 'float8')} AS done, ${pick(3, 'float8')} AS total,
    ${since(started)} AS run_seconds, a.wait_event_type, a.wait_event, ${detail} AS detail
  FROM pg_stat_progress_${view} p LEFT JOIN pg_stat_activity a ON a.pid = p.pid
  ${relationJoin(relid, datid, 'r')}
  ${relationJoin(indexRelid, datid, 'i')}) x
ORDER BY run_seconds DESC NULLS LAST, pid`;
}

function define(name: string, variants: readonly Variant[], min = 13) {
  return defineQuery({
    id: `progress.${name}`,
    needs: 'pg_read_all_stats',
    variants,
    row,
    partial: hiddenSessions,
    unavailable: (server) =>
      server.major < min
        ? { reason: `PostgreSQL tells the progress of COPY from version ${min} on.` }
        : undefined,
  });
}

function vacuum(major: 13 | 17 | 18): string {
  const indexes = major >= 17;
  const memory = indexes
    ? '100.0 * p.dead_tuple_bytes / nullif(p.max_dead_tuple_bytes, 0)'
    : '100.0 * p.num_dead_tuples / nullif(p.max_dead_tuples, 0)';
  return progress({
    view: 'vacuum',
    command: "CASE WHEN a.backend_type = 'autovacuum worker' THEN 'autovacuum' ELSE 'VACUUM' END",
    measures: [
      ["p.phase = 'scanning heap'", 'blocks', 'p.heap_blks_scanned', 'p.heap_blks_total'],
      ["p.phase = 'vacuuming heap'", 'blocks', 'p.heap_blks_vacuumed', 'p.heap_blks_total'],
      // before 17 the index phases have no measure at all
      ...(indexes
        ? [
            [
              "p.phase IN ('vacuuming indexes', 'cleaning up indexes')",
              'indexes',
              'p.indexes_processed',
              'p.indexes_total',
            ] as const,
          ]
        : []),
    ],
    detail: `nullif(concat_ws(', ', 'dead tuple memory ' || round(${memory}) || ' %',
      CASE WHEN p.index_vacuum_count > 0 THEN 'index pass ' || p.index_vacuum_count END,
      CASE WHEN a.query LIKE '%(to prevent wraparound)%' THEN 'to prevent wraparound' END${
        major >= 18 ? ", CASE WHEN p.delay_time > 0 THEN 'delayed ' || round(p.delay_time) || ' ms' END" : ''
      }), '')`,
    // a VACUUM of a whole database is one query with a transaction per table
    started: 'a.xact_start',
  });
}

/** VACUUM and autovacuum; VACUUM FULL is in {@link progressCluster}. */
export const progressVacuum = define('vacuum', [
  { max: 16, sql: vacuum(13) },
  { min: 17, max: 17, sql: vacuum(17) },
  { min: 18, sql: vacuum(18) },
]);

/** CREATE INDEX and REINDEX. */
export const progressCreateIndex = define('create_index', [
  {
    sql: progress({
      view: 'create_index',
      command: 'p.command',
      indexRelid: 'p.index_relid',
      measures: [
        ["p.phase LIKE 'waiting for %'", 'lockers', 'p.lockers_done', 'p.lockers_total'],
        ["p.phase LIKE '%loading tuples%'", 'tuples', 'p.tuples_done', 'p.tuples_total'],
        // the counters of the scan before stay there while sorting
        ["p.phase LIKE '%scanning%'", 'blocks', 'p.blocks_done', 'p.blocks_total'],
      ],
      detail: `nullif(concat_ws(', ', CASE WHEN p.phase LIKE 'waiting for %' AND p.current_locker_pid <> 0
          THEN 'waits for pid ' || p.current_locker_pid END,
        CASE WHEN p.partitions_total > 0 THEN 'partition ' || p.partitions_done || ' of ' || p.partitions_total END), '')`,
      started: 'a.query_start',
    }),
  },
]);

/** VACUUM FULL and CLUSTER. */
export const progressCluster = define('cluster', [
  {
    sql: progress({
      view: 'cluster',
      command: 'p.command',
      indexRelid: 'p.cluster_index_relid',
      measures: [
        ["p.phase = 'seq scanning heap'", 'blocks', 'p.heap_blks_scanned', 'p.heap_blks_total'],
        ["p.phase = 'index scanning heap'", 'tuples', 'p.heap_tuples_scanned', 'NULL'],
        ["p.phase = 'writing new heap'", 'tuples', 'p.heap_tuples_written', 'p.heap_tuples_scanned'],
        [
          "p.phase = 'rebuilding index'",
          'indexes',
          'p.index_rebuild_count',
          `CASE WHEN p.datname = current_database() THEN (SELECT count(*) FROM pg_index n WHERE n.indrelid = p.relid) END`,
        ],
      ],
      detail: "CASE WHEN p.heap_tuples_scanned > 0 THEN p.heap_tuples_scanned || ' tuples read' END",
      started: 'a.query_start',
    }),
  },
]);

function analyze(delay: string): string {
  return progress({
    view: 'analyze',
    command: "CASE WHEN a.backend_type = 'autovacuum worker' THEN 'autoanalyze' ELSE 'ANALYZE' END",
    measures: [
      [
        "p.phase IN ('acquiring sample rows', 'acquiring inherited sample rows')",
        'blocks',
        'p.sample_blks_scanned',
        'p.sample_blks_total',
      ],
      [
        "p.phase = 'computing extended statistics'",
        'statistics',
        'p.ext_stats_computed',
        'p.ext_stats_total',
      ],
    ],
    detail: `nullif(concat_ws(', ', CASE WHEN p.child_tables_total > 0
        THEN 'child table ' || p.child_tables_done || ' of ' || p.child_tables_total END${delay}), '')`,
    started: 'a.xact_start',
  });
}

export const progressAnalyze = define('analyze', [
  { max: 17, sql: analyze('') },
  {
    min: 18,
    sql: analyze(", CASE WHEN p.delay_time > 0 THEN 'delayed ' || round(p.delay_time) || ' ms' END"),
  },
]);

function copy(skipped: string): string {
  return progress({
    view: 'copy',
    command: 'p.command',
    phase: 'lower(p.type)',
    measures: [['true', 'bytes', 'p.bytes_processed', 'p.bytes_total']],
    detail: `nullif(concat_ws(', ', p.tuples_processed || ' tuples',
      CASE WHEN p.tuples_excluded > 0 THEN p.tuples_excluded || ' excluded by WHERE' END${skipped}), '')`,
    started: 'a.query_start',
  });
}

/** COPY; `phase` is where it reads from or writes to (`file`, `program`, `pipe`), `total` is known only of a file read. */
export const progressCopy = define(
  'copy',
  [
    { min: 14, max: 16, sql: copy('') },
    {
      min: 17,
      sql: copy(", CASE WHEN p.tuples_skipped > 0 THEN p.tuples_skipped || ' skipped as malformed' END"),
    },
  ],
  14,
);

/** Base backups under way, which belong to no database. */
export const progressBasebackup = define('basebackup', [
  {
    sql: progress({
      view: 'basebackup',
      command: "'BASE BACKUP'",
      relid: '0::oid',
      measures: [
        ["p.phase LIKE 'streaming database files%'", 'bytes', 'p.backup_streamed', 'p.backup_total'],
      ],
      detail: "'tablespace ' || p.tablespaces_streamed || ' of ' || p.tablespaces_total",
      started: 'a.backend_start',
    }),
  },
]);

export const progressGatePoll = poll('fast', 'tick', progressGate);

const whenRunning = (what: keyof RowOf<typeof progressGate>) => ({
  after: [progressGatePoll],
  when: ({ rows }: Known) => (rows(progressGatePoll)[0]?.[what] ?? 0) > 0,
});

/** One for each kind of command that tells how far it is. */
export const progressPolls = [
  poll('fast', 'tick', progressVacuum, whenRunning('vacuum')),
  poll('fast', 'tick', progressCreateIndex, whenRunning('create_index')),
  poll('fast', 'tick', progressCluster, whenRunning('cluster')),
  poll('fast', 'tick', progressAnalyze, whenRunning('analyze')),
  poll('fast', 'tick', progressCopy, whenRunning('copy')),
  poll('fast', 'tick', progressBasebackup, whenRunning('basebackup')),
] as const;
