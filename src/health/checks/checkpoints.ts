import {
  type checkpoints as checkpointStats,
  checkpointsPoll,
  type walPosition,
  walPositionPoll,
} from '../../db/queries/wal.ts';
import type { RowOf } from '../../db/query.ts';
import { type Server, settingsPlace } from '../../db/server.ts';
import type { Counted } from '../../monitor/derived/growth.ts';
import { bytes, duration, percent } from '../../text/units.ts';
import { defineCheck } from '../check.ts';
import type { Remedy } from '../finding.ts';
import { graded } from '../grade.ts';
import { tooShort } from '../window.ts';

/** Fewer that came early are one load of data. */
const SEVERAL = 3;
const GB = 1024 ** 3;
/** Not more times as much at once. */
const LEAP = 4;
const ALL = 'all';

const counted: Counted<RowOf<typeof checkpointStats>> = {
  poll: checkpointsPoll,
  key: () => ALL,
  counters: ({ num_timed, num_requested }) => ({ num_timed, num_requested }),
  at: ({ server_ms }) => server_ms,
  epoch: ({ stats_reset }) => stats_reset ?? '',
};

const walBytes: Counted<RowOf<typeof walPosition>> = {
  poll: walPositionPoll,
  key: () => ALL,
  counters: ({ lsn_bytes }) => ({ bytes: lsn_bytes ?? 0 }),
  at: ({ server_ms }) => server_ms,
  epoch: ({ standby }) => String(standby),
};

/** Checkpoints that came before their time, because max_wal_size was used up. */
export const checkpoints = defineCheck({
  id: 'checkpoints',
  title: 'Checkpoints',
  category: 'wal',
  fix: '`max_wal_size`',
  reads: [checkpointsPoll, walPositionPoll],
  counts: [counted, walBytes],
  judge: ({ figures, server, thresholds }) => {
    if (figures.rows(walPositionPoll)[0]?.standby)
      return { because: 'a standby follows the checkpoints of its primary' };
    const window = figures.growth.of(counted, ALL);
    const { num_timed: timed = 0, num_requested: requested = 0 } = window?.delta ?? {};
    const wal = figures.growth.of(walBytes, ALL)?.delta.bytes ?? 0;
    const timeout = Number(server.settings.checkpoint_timeout);
    const maxWalSize = Number(server.settings.max_wal_size) * 1024 ** 2;
    // a command (CHECKPOINT, a backup, CREATE DATABASE) asks for one too; WAL does after half of max_wal_size or more
    const early = Math.min(requested, Math.floor(wal / (maxWalSize / 2)));
    const unknown =
      early < SEVERAL
        ? tooShort(window?.seconds, figures.growth.reset(counted, ALL), 2 * timeout)
        : undefined;
    if (unknown) return { unknown };
    if (window === undefined || early < SEVERAL) return { because: `${early} came before their time` };
    const share = early / (timed + early);
    const { measure, found } = graded('requested_checkpoints_percent', 100 * share, thresholds);
    if (found === undefined) return { measure };
    return {
      measure,
      findings: [
        {
          ...found,
          title: `${percent(share)} of the checkpoints come before their time.`,
          evidence: `Within the last ${duration(window.seconds)}: ${early} because max_wal_size (${bytes(maxWalSize)}) was used up, ${timed} by time, ${requested - early} by command; ${bytes(wal)} of WAL.`,
          why: 'Each of them writes out all that has changed, and the first change of every page after it goes to WAL in full.',
          remedy: remedyFor(wal * (timeout / Math.max(timeout, window.seconds)), maxWalSize, server),
        },
      ],
    };
  },
});

/** Room for what is written from one checkpoint by time to the next, twice; no leaps, for nobody knows the disk here. */
function remedyFor(written: number, maxWalSize: number, server: Server): Remedy {
  const size = `${Math.ceil(Math.min(Math.max(2 * written, 2 * maxWalSize), LEAP * maxWalSize) / GB)}GB`;
  const where = settingsPlace(server);
  if (where !== undefined) return { advice: `Set max_wal_size to ${size} ${where}; it takes a reload.` };
  return {
    sql: `ALTER SYSTEM SET max_wal_size = '${size}'`,
    cost: 'Holds from SELECT pg_reload_conf() on; pg_wal may become as large, and recovery after a crash takes longer.',
  };
}
