import { quoteLiteral } from '../../../db/ident.ts';
import { slotsPoll } from '../../../db/queries/replication.ts';
import { spaceArchivePoll, spaceWalPoll } from '../../../db/queries/space.ts';
import { archiverPoll } from '../../../db/queries/wal.ts';
import { bytes, duration, plural } from '../../../text/units.ts';
import type { Model } from '../../core/model.ts';

/** Why nothing in pg_wal is removed by hand: the answer to who has read that it may be. */
export const WHY_NOT_PG_WAL =
  'Delete nothing in pg_wal, and do not run pg_archivecleanup on it: that is for the archive that standbys read. Without the segments since the last checkpoint the server does not start again after a crash, slots and standbys lose their place, and what is not archived yet is missing from every later recovery. Remove what keeps WAL instead: the next checkpoints remove the files.';

/** One thing that keeps WAL from being removed. */
export interface Keeper {
  readonly kind: 'slot' | 'archiver' | 'wal_keep_size' | 'checkpoint';
  readonly name: string;
  /** How far back it reaches. */
  readonly bytes: number | null;
  readonly note: string;
  /** What would end it. */
  readonly helps: string;
}

/** What keeps WAL, what reaches back furthest first. */
export function keepersOf(model: Model): readonly Keeper[] {
  return [...slotKeepers(model), ...archiveKeepers(model), ...settingKeepers(model)].sort(
    (a, b) => (b.bytes ?? 0) - (a.bytes ?? 0),
  );
}

function slotKeepers(model: Model): Keeper[] {
  const limit = model.rows(spaceWalPoll)[0]?.slot_limit_bytes ?? null;
  return model.rows(slotsPoll).flatMap((slot): Keeper[] => {
    // a lost one keeps nothing any more
    if (slot.retained_bytes === null || slot.wal_status === 'lost') return [];
    const idle =
      slot.inactive_seconds === null
        ? 'nobody uses it'
        : `nobody used it for ${duration(slot.inactive_seconds)}`;
    const name = slot.slot_name;
    return [
      {
        kind: 'slot',
        name,
        bytes: slot.retained_bytes,
        note: slot.active
          ? `${slot.slot_type} slot, read by session ${slot.active_pid ?? '?'}`
          : `${slot.slot_type} slot, ${idle}`,
        helps: slot.active
          ? `its receiver is behind (pgdeck show replication); ${limit === null ? 'max_slot_wal_keep_size would limit it' : `it is lost beyond max_slot_wal_keep_size, ${bytes(limit)}`}`
          : `if nobody comes back for it: SELECT pg_drop_replication_slot(${quoteLiteral(name)})`,
      },
    ];
  });
}

function archiveKeepers(model: Model): Keeper[] {
  const archive = model.rows(spaceArchivePoll)[0];
  const settings = model.rows(spaceWalPoll)[0];
  const state = model.rows(archiverPoll)[0];
  const mode = model.server?.settings.archive_mode;
  if (archive === undefined || settings === undefined || mode === 'off' || archive.ready === 0) return [];
  const since = archive.oldest_seconds === null ? '' : `, the oldest for ${duration(archive.oldest_seconds)}`;
  return [
    {
      kind: 'archiver',
      name: 'archiver',
      bytes: archive.ready * settings.segment_bytes,
      note: `${plural(archive.ready, 'segment')} not in the archive yet${since}`,
      helps: state?.failing
        ? `archive_command fails, last on ${state.last_failed_wal ?? 'a segment'} ${duration(state.last_failed_seconds)} ago: the server's log says why (pgdeck log --level warning)`
        : 'the archiver is behind: make archive_command faster; what is archived is removed by the next checkpoints',
    },
  ];
}

function settingKeepers(model: Model): Keeper[] {
  const settings = model.rows(spaceWalPoll)[0];
  if (settings === undefined) return [];
  const { keep_bytes: keep, max_bytes: max, checkpoint_bytes: since } = settings;
  return [
    ...(keep > 0
      ? [
          {
            kind: 'wal_keep_size' as const,
            name: 'wal_keep_size',
            bytes: keep,
            note: `kept for standbys without a slot, ${bytes(keep)} at all times`,
            helps: 'a smaller wal_keep_size, where every standby has a slot or the archive',
          },
        ]
      : []),
    {
      kind: 'checkpoint',
      name: 'checkpoints',
      bytes: since,
      note: `written since the last checkpoint; files are used again up to max_wal_size (${bytes(max)})`,
      helps: 'a smaller max_wal_size, at the price of more checkpoints',
    },
  ];
}

/** What keeps the oldest of it, in a few words. */
export function whyWal(model: Model): string {
  const [first] = keepersOf(model);
  if (first === undefined) return 'why it is kept is not known';
  if (first.kind === 'checkpoint') return first.note;
  return `kept back furthest by ${first.kind === 'slot' ? `slot ${first.name}` : first.name}: ${bytes(first.bytes)}`;
}
