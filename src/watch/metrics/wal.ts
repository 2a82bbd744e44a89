import type { checkpoints } from '../../db/queries/wal.ts';
import { archiverPoll, checkpointsPoll, walDirectoryPoll } from '../../db/queries/wal.ts';
import type { RowOf } from '../../db/query.ts';
import { type Column, counters, type Metric, ofPoll } from './metric.ts';

type Checkpoints = RowOf<typeof checkpoints>;

/** From 17 on checkpoints have a view of their own. */
const until16 = (list: readonly Column<Checkpoints>[]) => list.map((one) => ({ ...one, max: 16 }));
const from17 = (list: readonly Column<Checkpoints>[]) => list.map((one) => ({ ...one, min: 17 }));

const TIMED = 'Checkpoints that came by time.';
const REQUESTED = 'Checkpoints that were asked for: by a command, or because max_wal_size was used up.';
const WRITE = 'Milliseconds that checkpoints spent writing.';
const SYNC = 'Milliseconds that checkpoints spent on fsync.';
const WRITTEN = 'Buffers written by checkpoints.';

export const wal: readonly Metric[] = [
  ...ofPoll(checkpointsPoll, [
    ...until16(
      counters([
        ['pg_stat_bgwriter_checkpoints_timed_total', TIMED, (row) => row.num_timed],
        ['pg_stat_bgwriter_checkpoints_req_total', REQUESTED, (row) => row.num_requested],
        ['pg_stat_bgwriter_checkpoint_write_time_total', WRITE, (row) => row.write_ms],
        ['pg_stat_bgwriter_checkpoint_sync_time_total', SYNC, (row) => row.sync_ms],
        ['pg_stat_bgwriter_buffers_checkpoint_total', WRITTEN, (row) => row.buffers_written],
        [
          'pg_stat_bgwriter_buffers_backend_total',
          'Buffers written by backends themselves.',
          (row) => row.buffers_backend,
        ],
        [
          'pg_stat_bgwriter_buffers_backend_fsync_total',
          'Times that a backend had to call fsync itself.',
          (row) => row.buffers_backend_fsync,
        ],
      ]),
    ),
    ...from17(
      counters([
        ['pg_stat_checkpointer_num_timed_total', TIMED, (row) => row.num_timed],
        ['pg_stat_checkpointer_num_requested_total', REQUESTED, (row) => row.num_requested],
        ['pg_stat_checkpointer_write_time_total', WRITE, (row) => row.write_ms],
        ['pg_stat_checkpointer_sync_time_total', SYNC, (row) => row.sync_ms],
        ['pg_stat_checkpointer_buffers_written_total', WRITTEN, (row) => row.buffers_written],
      ]),
    ),
    ...counters<Checkpoints>([
      [
        'pg_stat_bgwriter_buffers_clean_total',
        'Buffers written by the background writer.',
        (row) => row.buffers_clean,
      ],
      [
        'pg_stat_bgwriter_maxwritten_clean_total',
        'Times that the background writer stopped because it had written too much.',
        (row) => row.maxwritten_clean,
      ],
      ['pg_stat_bgwriter_buffers_alloc_total', 'Buffers allocated.', (row) => row.buffers_alloc],
    ]),
  ]),
  ...ofPoll(archiverPoll, [
    ...counters<RowOf<typeof archiverPoll.query>>([
      ['pg_stat_archiver_archived_count', 'WAL files archived.', (row) => row.archived_count],
      ['pg_stat_archiver_failed_count', 'Failed attempts to archive a WAL file.', (row) => row.failed_count],
    ]),
    {
      name: 'pg_stat_archiver_last_archive_age',
      help: 'Seconds since a WAL file was archived; absent when none was.',
      value: ({ last_archived_seconds }) => last_archived_seconds,
    },
    {
      name: 'pgdeck_archiver_failing',
      help: 'Whether the last attempt to archive failed; absent while archive_mode is off.',
      value: ({ failing }, { figures }) => (figures.server?.settings.archive_mode === 'off' ? null : failing),
    },
  ]),
  ...ofPoll(walDirectoryPoll, [
    {
      name: 'pgdeck_wal_directory_bytes',
      help: 'Size of the files in pg_wal.',
      value: ({ total_bytes }) => total_bytes,
    },
  ]),
];
