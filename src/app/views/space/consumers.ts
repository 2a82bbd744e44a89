import { fullName } from '../../../db/ident.ts';
import type { AnyPoll } from '../../../db/poll.ts';
import { keptPoll } from '../../../db/queries/database/kept.ts';
import { indexUsagePoll } from '../../../db/queries/indexes.ts';
import { autovacuumPoll } from '../../../db/queries/maintain/due.ts';
import { tableDeadPoll, tableExactPoll, tableSizesPoll } from '../../../db/queries/relations.ts';
import { slotsPoll } from '../../../db/queries/replication.ts';
import {
  type SpaceTemporary,
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
import type { Finding } from '../../../health/finding.ts';
import { DATABASE_SIZES } from '../../../monitor/derived/sizes.ts';
import type { Part } from '../../../monitor/snapshot.ts';
import type { RawInput } from '../../../ops/engine/operation.ts';
import { KIND_WORDS, keptOf } from '../../../ops/kept/kept.ts';
import { shellWord } from '../../../text/shell.ts';
import { bytes, duration, plural } from '../../../text/units.ts';
import type { Model } from '../../core/model.ts';
import type { BackendRef } from '../../core/view.ts';
import { copiesOf } from '../kept.ts';
import { tableRows } from '../table-rows.ts';
import { keepersOf, whyWal } from './wal.ts';

export type ConsumerKind =
  | 'database'
  | 'kept copy'
  | 'table'
  | 'index'
  | 'WAL'
  | 'WAL kept'
  | 'temporary'
  | 'server log'
  | 'orphans'
  | 'backups';

/** One thing that takes room on a disk. */
export interface Consumer {
  readonly kind: ConsumerKind;
  readonly name: string;
  /** Null: not known; `note` says why. */
  readonly bytes: number | null;
  /** False: as of the last VACUUM or ANALYZE. */
  readonly exact: boolean;
  /** False: a part of another row: a table of its database. */
  readonly whole: boolean;
  /** Null: not known, or not yet. */
  readonly growth: number | null;
  readonly note: string;
  /** What makes it smaller; empty where that is nobody's but its owner's to say. */
  readonly helps: string;
  /** The operation that does it, with what its form is filled in with. */
  readonly remedy?: { readonly operation: string; readonly input: RawInput };
  /** The session that would free it when it is cancelled. */
  readonly backend?: BackendRef;
}

/** Where rows come from: what has to be read, and how it is told. Adding a consumer is a line here. */
interface Source {
  readonly polls: readonly AnyPoll[];
  readonly rows: (model: Model) => readonly Consumer[];
}

/** Tables and indexes that are listed: the biggest. */
const BIGGEST = 10;

const NOTHING = { exact: true, whole: true, growth: null, note: '', helps: '' } as const;

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

/** Why a part says nothing, with what would change that. */
function unknown({ status, reason, remedy }: Part<unknown>): string | undefined {
  if (status === 'ok' || reason === undefined) return undefined;
  return `not known: ${reason}${remedy === undefined ? '' : ` To see it: ${remedy}`}`;
}

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

function tables(model: Model): Consumer[] {
  return [...tableRows(model)]
    .sort((a, b) => (b.total_bytes ?? 0) - (a.total_bytes ?? 0))
    .slice(0, BIGGEST)
    .map((row): Consumer => {
      const { schemaname, relname } = row;
      const name = fullName(schemaname, relname ?? '');
      return {
        ...NOTHING,
        ...mended(model, ['bloat'], schemaname, relname ?? ''),
        kind: 'table',
        name,
        bytes: row.total_bytes,
        exact: row.exact,
        whole: false,
        note: row.total_bytes === null ? 'not known: VACUUM or ANALYZE will note it' : partsOf(row),
      };
    });
}

function partsOf({
  table_bytes: heap,
  index_bytes: own,
  exact,
}: ReturnType<typeof tableRows>[number]): string {
  return `rows ${bytes(heap)}, indexes ${bytes(own)}${exact ? '' : ', as of the last VACUUM'}`;
}

function indexes(model: Model): Consumer[] {
  return [...model.rows(indexUsagePoll)].slice(0, BIGGEST).map(
    (row): Consumer => ({
      ...NOTHING,
      ...mended(
        model,
        ['index_invalid', 'index_duplicate', 'index_unused', 'bloat'],
        row.schemaname,
        row.indexrelname,
      ),
      kind: 'index',
      name: fullName(row.schemaname, row.indexrelname),
      bytes: row.est_bytes,
      exact: false,
      whole: false,
      note: `on ${fullName(row.schemaname, row.relname)}${row.idx_scan === 0 ? ', not scanned so far' : ''}`,
    }),
  );
}

/** What health has found of a relation, and the operation that mends it. */
function mended(
  model: Model,
  checks: readonly string[],
  schema: string | null,
  name: string,
): Pick<Consumer, 'helps' | 'remedy'> {
  const found = model.health?.findings.find(
    ({ check, object }) => checks.includes(check) && isNamed(object, schema, name),
  );
  return found === undefined ? { helps: '' } : helpOf(found);
}

/** Findings leave `public` out of names. */
function isNamed(object: string | undefined, schema: string | null, name: string): boolean {
  const whole = fullName(schema, name);
  return object !== undefined && (object === whole || `public.${object}` === whole);
}

function helpOf({ remedy, check }: Finding): Pick<Consumer, 'helps' | 'remedy'> {
  const why = WHY[check] ?? check;
  if ('sql' in remedy) return { helps: `${why}: ${remedy.sql}` };
  if ('advice' in remedy) return { helps: `${why}: ${remedy.advice}` };
  const input = Object.fromEntries(
    Object.entries(remedy.input).map(([field, value]) => [
      field,
      typeof value === 'boolean' || typeof value === 'string'
        ? value
        : Array.isArray(value)
          ? value.map(String)
          : undefined,
    ]),
  );
  return { helps: `${why}: pgdeck ${remedy.operation}`, remedy: { operation: remedy.operation, input } };
}

const WHY: Readonly<Record<string, string>> = {
  bloat: 'mostly empty',
  index_invalid: 'invalid',
  index_duplicate: 'another index does its work',
  index_unused: 'nobody scans it',
};

function wal(model: Model): Consumer[] {
  const part = model.part(walDirectoryPoll);
  const row = part.rows[0];
  const rate = model.vitals.walBytesPerSecond;
  const why = unknown(part);
  if (row === undefined && why === undefined) return [];
  return [
    {
      ...NOTHING,
      kind: 'WAL',
      name: 'pg_wal',
      bytes: row?.total_bytes ?? null,
      growth: rate === null || rate === undefined ? null : rate * 3600,
      note: row === undefined ? (why ?? '') : `${plural(row.files, 'file')}, ${whyWal(model)}`,
      helps: keepersOf(model)[0]?.helps ?? '',
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

function temporary(model: Model): Consumer[] {
  const part = model.part(spaceTemporaryPoll);
  const why = unknown(part);
  if (why !== undefined)
    return [{ ...NOTHING, kind: 'temporary', name: 'temporary files', bytes: null, note: why }];
  return part.rows.map(temporaryOf);
}

function temporaryOf(row: SpaceTemporary): Consumer {
  const { pid, alive, files, tablespace, seconds } = row;
  const where = `${plural(files, 'file')} in ${tablespace}`;
  const since = duration(seconds);
  if (pid === null || !alive)
    return {
      ...NOTHING,
      kind: 'temporary',
      name: pid === null ? 'unnamed files' : `session ${pid}, gone`,
      bytes: row.bytes,
      note: `${where}, left for ${since} by a session that is gone`,
      helps:
        'the server removes them when it starts (from 14 on also after a crash of a session); not by hand while it runs',
    };
  const who = [row.usename, row.application_name, row.datname].filter(Boolean).join(', ');
  return {
    ...NOTHING,
    kind: 'temporary',
    name: `session ${pid}`,
    bytes: row.bytes,
    note: `${where} for ${since}: ${who}${row.query === null ? '' : `: ${row.query}`}`,
    helps: `pgdeck cancel ${pid}${row.backend_start_us === null ? '' : ` --backend-start ${row.backend_start_us}`}; more work_mem, or temp_file_limit`,
    backend: { pid, backendStart: row.backend_start_us },
  };
}

function log(model: Model): Consumer[] {
  const part = model.part(spaceLogPoll);
  const why = unknown(part);
  if (why !== undefined)
    return [{ ...NOTHING, kind: 'server log', name: 'log files', bytes: null, note: why }];
  return part.rows
    .filter(({ files }) => files > 0)
    .map(
      ({ files, bytes: size, oldest_seconds: oldest }): Consumer => ({
        ...NOTHING,
        kind: 'server log',
        name: 'log files',
        bytes: size,
        note: `${plural(files, 'file')}, the oldest ${duration(oldest)} old`,
        helps:
          'log_rotation_age with log_truncate_on_rotation, or logrotate; old files of the log may be removed',
      }),
    );
}

function orphans(model: Model): Consumer[] {
  return model
    .rows(spaceOrphansPoll)
    .filter(({ files }) => files > 0)
    .map(
      ({ files, bytes: size, oldest_seconds: oldest, names }): Consumer => ({
        ...NOTHING,
        kind: 'orphans',
        name: `files of ${model.server?.database ?? ''}`,
        bytes: size,
        whole: false,
        note: `${plural(files, 'file')} that no relation has, the oldest ${duration(oldest)} old: ${names.join(', ')}`,
        helps:
          'a crash in a CREATE TABLE or a rewrite leaves them; a dump restored beside (pgdeck restore) has none; not by hand while the server runs',
      }),
    );
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
