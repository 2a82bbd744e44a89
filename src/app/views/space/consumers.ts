import type { AnyPoll } from '../../../db/poll.ts';
import { keptPoll } from '../../../db/queries/database/kept.ts';
import { indexUsagePoll } from '../../../db/queries/indexes.ts';
import { autovacuumPoll } from '../../../db/queries/maintain/due.ts';
import { tableDeadPoll, tableExactPoll, tableSizesPoll } from '../../../db/queries/relations.ts';
import { slotsPoll } from '../../../db/queries/replication.ts';
import {
  spaceArchivePoll,
  spaceDatabasesPoll,
  spaceLogPoll,
  spaceOrphansPoll,
  spaceTemporaryPoll,
  spaceWalPoll,
} from '../../../db/queries/space.ts';
import { archiverPoll, walDirectoryPoll, walPositionPoll } from '../../../db/queries/wal.ts';
import { bloat } from '../../../health/checks/bloat.ts';
import { indexDuplicate } from '../../../health/checks/index-duplicate.ts';
import { indexInvalid } from '../../../health/checks/index-invalid.ts';
import { indexUnused } from '../../../health/checks/index-unused.ts';
import { DATABASE_SIZES } from '../../../monitor/derived/sizes.ts';
import { KIND_WORDS, keptOf } from '../../../ops/kept/kept.ts';
import { shellWord } from '../../../text/shell.ts';
import { plural } from '../../../text/units.ts';
import type { Model } from '../../core/model.ts';
import { copiesOf } from '../kept.ts';
import { type Consumer, NOTHING, unknown } from './consumer.ts';
import { log, orphans, temporary } from './files.ts';
import { indexes, tables } from './relations.ts';
import { keepersOf, whyWal } from './wal.ts';

/** Where rows come from: what has to be read, and how it is told. Adding a consumer is a line here. */
interface Source {
  readonly polls: readonly AnyPoll[];
  readonly rows: (model: Model) => readonly Consumer[];
}

export const SOURCES: readonly Source[] = [
  { polls: [spaceDatabasesPoll, keptPoll], rows: databases },
  { polls: [tableSizesPoll, tableDeadPoll, tableExactPoll, ...bloat.reads], rows: tables },
  {
    polls: [
      indexUsagePoll,
      ...indexUnused.reads,
      ...indexInvalid.reads,
      ...indexDuplicate.reads,
      autovacuumPoll,
    ],
    rows: indexes,
  },
  { polls: [walDirectoryPoll, walPositionPoll], rows: wal },
  { polls: [slotsPoll, spaceWalPoll, spaceArchivePoll, archiverPoll], rows: keptWal },
  { polls: [spaceTemporaryPoll], rows: temporary },
  { polls: [spaceLogPoll], rows: log },
  { polls: [spaceOrphansPoll], rows: orphans },
  { polls: [], rows: backups },
];

function databases(model: Model): Consumer[] {
  const kept = new Map(keptOf(model.rows(keptPoll), copiesOf(model.runs)).map((one) => [one.oid, one]));
  return model.rows(spaceDatabasesPoll).map((row): Consumer => {
    const window = model.growth.of(DATABASE_SIZES, row.datname);
    const grown = window === undefined ? undefined : window.delta.bytes;
    const own = kept.get(row.oid);
    return {
      ...NOTHING,
      kind: own === undefined ? 'database' : 'kept copy',
      name: row.datname,
      bytes: row.total_bytes,
      growth: window === undefined || grown === undefined ? null : (grown / window.seconds) * 3600,
      note:
        row.total_bytes === null
          ? 'not known: this role may neither connect to it nor read all statistics'
          : own === undefined
            ? ''
            : `${KIND_WORDS[own.kind]}${own.of === null ? '' : ` of ${own.of}`}`,
      ...(own === undefined
        ? { helps: row.datname === model.server?.database ? 'its tables and indexes are below' : '' }
        : {
            helps: `pgdeck db drop ${shellWord(own.name)}`,
            remedy: { operation: 'db drop', input: { name: own.name } },
          }),
    };
  });
}

function wal(model: Model): Consumer[] {
  const part = model.part(walDirectoryPoll);
  const row = part.rows[0];
  const rate = model.vitals.walBytesPerSecond;
  const why = unknown(part);
  const [first] = keepersOf(model);
  if (row === undefined && why === undefined) return [];
  return [
    {
      ...NOTHING,
      kind: 'WAL',
      name: 'pg_wal',
      bytes: row?.total_bytes ?? null,
      growth: rate === null || rate === undefined ? null : rate * 3600,
      note: row === undefined ? (why ?? '') : `${plural(row.files, 'file')}, ${whyWal(model)}`,
      helps:
        first !== undefined && first.kind !== 'checkpoint'
          ? first.helps
          : // of what cannot be looked at nobody says that nothing has to be done
            row === undefined || first === undefined
            ? ''
            : 'nothing has to: its files are used again',
    },
  ];
}

function keptWal(model: Model): Consumer[] {
  const archive =
    model.server?.settings.archive_mode === 'off' ? undefined : unknown(model.part(spaceArchivePoll));
  return [
    // what checkpoints need is no part that could go
    ...keepersOf(model)
      .filter(({ kind }) => kind !== 'checkpoint')
      .map(
        ({ kind, name, bytes: size, note, helps }): Consumer => ({
          ...NOTHING,
          kind: 'WAL kept',
          name: kind === 'slot' ? `slot ${name}` : name,
          bytes: size,
          whole: false,
          note,
          helps,
        }),
      ),
    ...(archive === undefined
      ? []
      : [
          {
            ...NOTHING,
            kind: 'WAL kept' as const,
            name: 'archiver',
            bytes: null,
            whole: false,
            note: archive,
          },
        ]),
  ];
}

function backups({ outside: { repository } }: Model): Consumer[] {
  if (repository === undefined) return [];
  if ('unknown' in repository)
    return [
      { ...NOTHING, kind: 'backups', name: 'backups', bytes: null, note: `not known: ${repository.unknown}` },
    ];
  const { directory, backups: number, bytes: size, here } = repository.known;
  if (number === 0) return [];
  return [
    {
      ...NOTHING,
      kind: 'backups',
      name: directory,
      bytes: size,
      // on another disk than the server's it is no share of that
      whole: here,
      note: `${plural(number, 'backup')} on this machine${here ? ', on a disk of the server' : ''}`,
      helps: 'pgdeck backups prune',
      remedy: { operation: 'backups prune', input: {} },
    },
  ];
}
