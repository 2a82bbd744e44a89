import { shellWord } from '../../text/shell.ts';
import { plural } from '../../text/units.ts';
import { defineErrors, failed, refused } from '../error.ts';

const COMPRESSIONS = 'Give a level of gzip from 0 to 9, or none, gzip, gzip:6, zstd, zstd:3.';

/** Why something that was chosen has no rows to back up. */
const ROWLESS = {
  view: 'is a view and holds no rows: choose the tables it reads.',
  sequence: 'is a sequence: choose the table it numbers.',
  foreign: 'is a foreign table: its rows are on another server, back them up there.',
  extension: 'belongs to an extension, which brings it along.',
} as const;

export type Rowless = keyof typeof ROWLESS;

/** How many differences are named in the sentence. */
const NAMED = 5;

export const backupErrors = defineErrors('backup', {
  // what was asked for
  exclusive: ({ flags: [one, other] }: { flags: readonly [string, string] }) =>
    refused(`${one} and ${other} exclude each other.`, 'Give one of them.'),
  oneDatabase: () =>
    refused('Schemas and tables can be chosen in one database only.', 'Back that one up by itself.'),
  oneProcess: ({ format, given }: { format: string; given: boolean }) =>
    refused(
      `The ${format} format is written by one process${given ? '' : ', and it is what is made when none is given'}.`,
      'Give --format directory, or leave --jobs out.',
    ),
  compression: ({ text }: { text: string }) => refused(`--compress ${text} is not understood.`, COMPRESSIONS),
  level: ({ method, highest }: { method: string; highest: number }) =>
    refused(`The highest level of ${method} is ${highest}.`, COMPRESSIONS),
  noZstd: ({ version, format }: { version: string; format: string }) =>
    refused(
      `pg_dump ${version} cannot write the ${format} format with zstd; it can from 16 on.`,
      'Leave --compress out, or give --format plain.',
    ),
  noDatabase: ({ database, alike }: { database: string; alike: readonly string[] }) =>
    refused(
      `There is no database ${database} on this server.`,
      alike.length === 0
        ? 'Check the name; upper and lower case differ.'
        : `Did you mean ${alike.join(' or ')}?`,
    ),
  noneAllowed: ({ user }: { user: string }) =>
    refused(`${user} may connect to no database of this server.`, 'Connect as another role.'),
  rowless: ({ relation, why }: { relation: string; why: Rowless }) => refused(`${relation} ${ROWLESS[why]}`),

  // what became of it
  noSnapshot: ({ database }: { database: string }) =>
    failed(`${database} gave no snapshot.`, 'Connect to PostgreSQL itself, not to a pooler.'),
  notBegun: () => failed('The backup was not begun.'),
  notVerified: () => failed('The backup was not verified.'),
  notAsCounted: ({
    differences,
  }: {
    differences: readonly {
      readonly what: string;
      readonly found: number | null;
      readonly counted: number | null;
    }[];
  }) => {
    const told = differences
      .slice(0, NAMED)
      .map(({ what, found, counted }) => `${what} (${found ?? 'none'} instead of ${counted ?? 'none'})`);
    return failed(
      `The backup does not hold what was counted in its snapshot: ${told.join(', ')}` +
        `${differences.length > NAMED ? ` and ${differences.length - NAMED} more` : ''}.`,
      'Run it again; if it happens again, check the disk and the server for damage.',
    );
  },
  notCopied: ({ id, why }: { id: string; why: string }) =>
    failed(
      `The backup ${id} is made and kept here; its copy was not sent: ${why.replace(/\.?$/, '.')}`,
      `To send it: pgdeck backups push ${shellWord(id)}`,
    ),
  notPruned: ({ why }: { why: string }) =>
    failed(
      `The backup is made and kept; the older ones were not pruned: ${why}`,
      'See what would go with: pgdeck backups prune',
    ),
  someFailed: ({
    failures,
    of,
    good,
  }: {
    failures: readonly { readonly database: string; readonly why: string }[];
    of: number;
    good: readonly string[];
  }) =>
    failed(
      `${failures.length} of ${plural(of, 'database')} could not be backed up: ` +
        `${failures.map(({ database, why }) => `${database} (${why})`).join('; ')}.`,
      good.length === 0 ? undefined : `These are backed up and kept: ${good.join(', ')}.`,
    ),

  // what pg_dump said
  diskFull: ({ place }: { place: string }) =>
    failed(
      `The disk of ${place} is full.`,
      'Make room there, or name another directory with --dir; nothing of this backup was kept.',
    ),
  tooManyLocks: () =>
    failed(
      'The server has no room for a lock on each table.',
      'Raise max_locks_per_transaction and restart it, or back up fewer tables at a time with --data-only --schema.',
    ),
  deniedObject: ({ oid }: { oid: string | undefined }) =>
    failed(
      `This role may not read large object ${oid}.`,
      'Connect as a superuser or as the owner of the large objects.',
    ),
  denied: ({ relation }: { relation: string | undefined }) =>
    failed(
      `This role may not read ${relation}.`,
      'Connect as a member of pg_read_all_data (14 and later) or as a superuser.',
    ),
  rowSecurity: ({ table }: { table: string | undefined }) =>
    failed(
      `Row security would hide rows of ${table} from this role.`,
      'Connect as a role with BYPASSRLS or as a superuser.',
    ),
  locked: ({ table }: { table: string | undefined }) =>
    failed(`A table stayed locked by another session: ${table}.`, 'See who holds it with: pgdeck show locks'),
  wanted: ({ relation }: { relation: string | undefined }) =>
    failed(
      `Another session asked for ${relation} exclusively while it was dumped.`,
      'Run it again when no definitions are changed, or with --jobs 1.',
    ),
  replay: () =>
    failed(
      'Replay on this standby cancelled the dump.',
      'Raise max_standby_streaming_delay or set hot_standby_feedback there, or back the primary up.',
    ),
  oldClient: ({ client, server }: { client: string | undefined; server: string | undefined }) =>
    failed(
      `pg_dump ${client} cannot read a server of ${server}.`,
      "Install the client programs of the server's version.",
    ),
  serverGone: () =>
    failed(
      'The server ended the connection while it was read.',
      'See why in its log, then run the backup again; nothing of this one was kept.',
    ),
  snapshotLost: ({ place }: { place: string }) =>
    failed(
      `The session on ${place} that held the snapshot ended while it was read.`,
      'See why in the log of the server, then run the backup again; nothing of this one was kept.',
    ),
  gone: ({ name }: { name: string | undefined }) =>
    failed(
      `What was chosen is not there any more${name === undefined ? '' : `: ${name}`}.`,
      'Plan the backup again.',
    ),
});
