import { databasePoll } from '../../db/queries/database.ts';
import { cacheLevel, levelOf } from '../../health/level.ts';
import type { DatabaseVitals } from '../../monitor/derived/vitals.ts';
import { span } from '../../text/line.ts';
import { bytes, count, duration, milliseconds, percent } from '../../text/units.ts';
import { LEVEL_TONE, marked } from '../core/model.ts';
import { type Column, columnFacts, defineScreen, defineView } from '../core/view.ts';

const perSecond = (value: number | null) => (value === null ? '-' : `${count(value)}/s`);

/** The ratio of the last minute, or why there is none worth showing. */
export function hitText(vitals: Pick<DatabaseVitals, 'hitRatio' | 'blocks'>): string {
  if (vitals.hitRatio !== null) return percent(vitals.hitRatio);
  return vitals.blocks === null ? '-' : 'idle';
}

const columns = [
  {
    id: 'database',
    title: 'DATABASE',
    field: { kind: 'text', also: ['db'] },
    width: 12,
    priority: 1,
    grow: true,
    value: (d: DatabaseVitals) => d.row.datname,
  },
  {
    id: 'hit',
    title: 'HIT 60s',
    field: { kind: 'percent' },
    width: 9,
    align: 'right',
    priority: 1,
    value: (d: DatabaseVitals) => d.hitRatio,
    cell: hitText,
    level: (d: DatabaseVitals, model) => cacheLevel(d.hitRatio, d.msPerRead, model.thresholds),
    tone: (d: DatabaseVitals) => (d.hitRatio === null ? 'muted' : 'good'),
  },
  {
    id: 'reads',
    title: 'READS/s',
    field: { kind: 'number' },
    width: 8,
    align: 'right',
    priority: 3,
    value: (d: DatabaseVitals) => d.readsPerSecond,
    cell: (d: DatabaseVitals) => (d.readsPerSecond === null ? '-' : count(d.readsPerSecond)),
  },
  {
    id: 'read_time',
    title: 'ms/READ',
    field: { kind: 'duration', value: (d) => (d.msPerRead === null ? null : d.msPerRead / 1000) },
    width: 8,
    align: 'right',
    priority: 5,
    value: (d: DatabaseVitals) => d.msPerRead,
    format: milliseconds,
  },
  {
    id: 'tps',
    title: 'TPS',
    field: { kind: 'number' },
    width: 6,
    align: 'right',
    priority: 2,
    value: (d: DatabaseVitals) => d.tps,
    cell: (d: DatabaseVitals) => count(d.tps === null ? null : Math.round(d.tps)),
  },
  {
    id: 'rollback',
    title: 'ROLLBACK',
    field: { kind: 'percent' },
    width: 8,
    align: 'right',
    priority: 6,
    value: (d: DatabaseVitals) => d.rollbackRatio,
    format: percent,
    level: (d: DatabaseVitals, model) =>
      levelOf('rollback_percent', d.rollbackRatio === null ? null : d.rollbackRatio * 100, model.thresholds),
  },
  {
    id: 'backends',
    title: 'CONNS',
    field: { kind: 'number' },
    width: 6,
    align: 'right',
    priority: 4,
    value: (d: DatabaseVitals) => d.row.numbackends,
  },
  {
    id: 'temp',
    title: 'TEMP/s',
    field: { kind: 'size' },
    width: 7,
    align: 'right',
    priority: 7,
    value: (d: DatabaseVitals) => d.tempBytesPerSecond,
    format: bytes,
  },
  {
    id: 'deadlocks',
    title: 'DEADLOCKS',
    field: { kind: 'number' },
    width: 9,
    align: 'right',
    priority: 8,
    value: (d: DatabaseVitals) => d.row.deadlocks,
  },
] satisfies Column<DatabaseVitals>[];

export const databaseView = defineView<DatabaseVitals>({
  id: 'database',
  title: 'Cache ratio',
  noun: 'databases',
  polls: [databasePoll],
  rows: (model) => model.vitals.databases,
  identity: (d) => String(d.row.datid),
  sort: { column: 'tps', descending: true },
  empty: 'No database is visible.',
  columns,
  headline: (model) => {
    const { total } = model.vitals;
    const level = cacheLevel(total.hitRatio, total.msPerRead, model.thresholds);
    return [
      span('hit '),
      span(marked(level, hitText(total)), LEVEL_TONE[level]),
      span(` in 60 s, ${perSecond(total.readsPerSecond)} reads`),
      ...(total.msPerRead === null ? [] : [span(`, ${milliseconds(total.msPerRead)} each`)]),
    ];
  },
  database: (d) => d.row.datname,
  detail: (d, model) => {
    const { row } = d;
    const all = (row.blks_hit ?? 0) + (row.blks_read ?? 0);
    return [
      { title: `Database ${row.datname}`, facts: columnFacts({ columns }, d, model) },
      {
        title: `Since ${row.stats_reset ?? 'the statistics began'}`,
        facts: [
          ['commits', count(row.xact_commit)],
          ['rollbacks', count(row.xact_rollback)],
          ['blocks hit', count(row.blks_hit)],
          ['blocks read', count(row.blks_read)],
          ['hit ratio, cumulative', all > 0 ? percent((row.blks_hit ?? 0) / all) : '-'],
          ['rows returned', count(row.tup_returned)],
          [
            'rows inserted / updated / deleted',
            [row.tup_inserted, row.tup_updated, row.tup_deleted].map(count).join(' / '),
          ],
          ['temporary files', `${count(row.temp_files)}, ${bytes(row.temp_bytes)}`],
          ['deadlocks', count(row.deadlocks)],
          ['checksum failures', count(row.checksum_failures)],
          ['conflicts with recovery', count(row.conflicts)],
          ['sessions time', duration(row.session_time === null ? null : row.session_time / 1000)],
        ],
      },
    ];
  },
  record: ({ row, ...lately }) => {
    const blocks = (row.blks_hit ?? 0) + (row.blks_read ?? 0);
    return {
      ...row,
      /** Of all blocks since stats_reset. */
      cache_hit_ratio: blocks > 0 ? (row.blks_hit ?? 0) / blocks : null,
      /** Of the last 60 s, when there were two samples and enough blocks. */
      recent_cache_hit_ratio: lately.hitRatio,
      transactions_per_second: lately.tps,
      reads_per_second: lately.readsPerSecond,
      read_ms: lately.msPerRead,
      rollback_ratio: lately.rollbackRatio,
      temp_bytes_per_second: lately.tempBytesPerSecond,
    };
  },
});

export const databasesScreen = defineScreen({ id: 'databases', title: 'Databases', panes: [databaseView] });
