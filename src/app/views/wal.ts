import {
  archiverPoll,
  checkpointsPoll,
  preparedPoll,
  walDirectoryPoll,
  walPositionPoll,
  walStatsPoll,
} from '../../db/queries/wal.ts';
import { type Level, levelOf } from '../../health/level.ts';
import { bytes, count, duration, percent, plural } from '../../text/units.ts';
import type { Model } from '../core/model.ts';
import { type Column, columnFacts, defineView } from '../core/view.ts';

/** One figure of the write-ahead log, the checkpoints or the archiver. */
interface Fact {
  readonly name: string;
  readonly value: string;
  readonly note: string;
  readonly level?: Level;
}

/** A share of fewer checkpoints says nothing: the first one is often asked for. */
const FEW = 5;

function checkpointFacts(model: Model): Fact[] {
  const row = model.rows(checkpointsPoll)[0];
  if (!row) return [];
  const all = row.num_timed + row.num_requested;
  const share = all > 0 ? row.num_requested / all : null;
  const judged = share === null || all < FEW ? null : share * 100;
  const level = levelOf('requested_checkpoints_percent', judged, model.thresholds);
  return [
    {
      name: 'checkpoints',
      value: `${count(row.num_timed)} timed, ${count(row.num_requested)} requested`,
      note: `${percent(share)} requested since ${row.stats_reset?.slice(0, 16) ?? 'the start'}; many mean a small max_wal_size`,
      level,
    },
    {
      name: 'checkpoint time',
      value: `write ${duration(row.write_ms / 1000)}, sync ${duration(row.sync_ms / 1000)}`,
      note: `buffers: ${count(row.buffers_written)} by it, ${count(row.buffers_clean)} by the background writer, ${count(row.buffers_backend)} by backends`,
    },
  ];
}

function archiverFacts(model: Model): Fact[] {
  const row = model.rows(archiverPoll)[0];
  if (!row) return [];
  if (model.server?.settings.archive_mode === 'off')
    return [{ name: 'archiver', value: 'off', note: 'archive_mode is off: no point-in-time recovery' }];
  return [
    {
      name: 'archiver',
      value: row.failing ? 'FAILING' : 'ok',
      note: `${count(row.archived_count)} archived, ${count(row.failed_count)} failed, last ${duration(row.last_archived_seconds)} ago (${row.last_archived_wal ?? '-'})`,
      ...(row.failing && { level: 'alert' as const }),
    },
  ];
}

function walFacts(model: Model): Fact[] {
  const stats = model.rows(walStatsPoll)[0];
  const directory = model.part(walDirectoryPoll);
  const files = directory.rows[0];
  return [
    {
      name: 'WAL written',
      value: `${bytes(model.vitals.walBytesPerSecond)}/s`,
      note: 'mean of 10 s, from the position in the log',
    },
    ...(stats
      ? [
          {
            name: 'WAL since reset',
            value: bytes(stats.wal_bytes),
            note: `${count(stats.wal_records)} records, ${count(stats.wal_fpi)} full pages, buffers full ${count(stats.wal_buffers_full)} times`,
          },
        ]
      : []),
    {
      name: 'WAL directory',
      value: files ? bytes(files.total_bytes) : '-',
      note: files ? plural(files.files, 'file') : (directory.remedy ?? directory.reason ?? ''),
    },
  ];
}

function preparedFacts(model: Model): Fact[] {
  return model.rows(preparedPoll).map((p) => ({
    name: 'prepared transaction',
    value: duration(p.prepared_seconds),
    note: `${p.gid} of ${p.owner} in ${p.database}: holds its locks until COMMIT PREPARED or ROLLBACK PREPARED`,
    level: 'warn' as const,
  }));
}

const columns = [
  { id: 'name', title: 'WAL', width: 20, priority: 1, value: (f) => f.name },
  {
    id: 'value',
    title: 'VALUE',
    width: 26,
    priority: 1,
    value: (f) => f.value,
    level: (f) => f.level ?? 'normal',
  },
  {
    id: 'note',
    title: 'NOTE',
    width: 10,
    priority: 2,
    grow: true,
    value: (f) => f.note,
    tone: () => 'muted',
  },
] satisfies Column<Fact>[];

export const walView = defineView<Fact>({
  id: 'wal',
  title: 'WAL, checkpoints, archiver',
  noun: 'figures',
  polls: [walPositionPoll, walStatsPoll, checkpointsPoll, archiverPoll, walDirectoryPoll, preparedPoll],
  rows: (model) => [
    ...walFacts(model),
    ...checkpointFacts(model),
    ...archiverFacts(model),
    ...preparedFacts(model),
  ],
  identity: (fact) => `${fact.name} ${fact.name === 'prepared transaction' ? fact.note : ''}`,
  sort: { column: 'name', descending: false },
  ordered: 'These figures have their own order.',
  empty: 'Nothing is known yet.',
  columns,
  detail: (fact, model) => [{ title: fact.name, facts: columnFacts({ columns }, fact, model) }],
  whole: (model) => {
    const { server_ms: _ms, ...position } = model.rows(walPositionPoll)[0] ?? {
      server_ms: 0,
      lsn_bytes: null,
    };
    const directory = model.rows(walDirectoryPoll)[0];
    return {
      ...position,
      wal_bytes_per_second: model.vitals.walBytesPerSecond,
      wal_directory_bytes: directory?.total_bytes ?? null,
      wal_directory_files: directory?.files ?? null,
      wal: model.rows(walStatsPoll)[0] ?? null,
      checkpoints: model.rows(checkpointsPoll)[0] ?? null,
      archiver: model.rows(archiverPoll)[0] ?? null,
      prepared_transactions: model.rows(preparedPoll),
    };
  },
});
