import { bytes as inBytes, plural } from '../../text/units.ts';
import { cancelled, defineErrors, failed, refused } from '../error.ts';

/** Where an archive does not hold what the manifest says. */
export interface Difference {
  /** `app.orders`, `Large objects`. */
  readonly what: string;
  readonly expected: string;
  readonly found: string;
}

const OTHER = 'Use another backup.';
const USABLE = 'pgdeck reads archives of pg_dump: custom, directory, and SQL as it is or with gzip or zstd.';

const damaged = (path: string, why: string) =>
  failed(`${path} is damaged: ${why.replace(/\.$/, '')}.`, OTHER);

export const archiveErrors = defineErrors('archive', {
  checkCancelled: () => cancelled('The check was cancelled.'),

  notAFile: ({ path }: { path: string }) => failed(`${path} is neither a file nor a directory.`, USABLE),
  noToc: ({ path }: { path: string }) =>
    failed(`${path} is no backup: the directory has no toc.dat.`, USABLE),
  foreignToc: ({ path }: { path: string }) =>
    failed(`${path} is no backup: its toc.dat is not pg_dump's.`, USABLE),
  empty: ({ path }: { path: string }) =>
    failed(`${path} is empty.`, 'The dump that should have written it failed.'),
  tar: ({ path }: { path: string }) =>
    failed(
      `${path} is a tar archive, whose damage pg_restore does not notice.`,
      'Make the backup again in the custom format: pgdeck backup --format custom',
    ),
  archiveInside: ({ path, by }: { path: string; by: string }) =>
    failed(`${path} is an archive of pg_restore inside ${by}.`, `Unpack it first: ${by} -dk ${path}`),
  unknown: ({ path }: { path: string }) => failed(`${path} is no backup that pgdeck knows.`, USABLE),

  noRoomThere: ({ host, directory, bytes }: { host: string; directory: string; bytes: number }) =>
    refused(
      `${directory} of ${host} has no room for a copy of the archive, which takes ${inBytes(bytes)}.`,
      'Make room there, or install the client programs of PostgreSQL on this machine: then it is read here.',
    ),
  notTakenApart: ({ host, said }: { host: string; said: string }) =>
    failed(
      `The files of the archive did not come whole from or to ${host}${said === '' ? '' : `: ${said}`}.`,
      'Try again.',
    ),
  noUnpacking: ({ path }: { path: string }) =>
    refused(
      `${path} is packed with zstd, which this version of Node.js cannot unpack.`,
      'Use Node.js 22.15 or newer.',
    ),
  noPgRestore: () => refused('pg_restore is needed to decode this archive.', 'Install it first.'),
  otherVersion: ({ path, said }: { path: string; said: string }) =>
    refused(
      `This pg_restore cannot read ${path}: ${said}`,
      'Install the client programs of the version that made it, or name them with the setting backup.programs.',
    ),
  noContents: ({ path, said }: { path: string; said: string }) =>
    failed(`The table of contents of ${path} cannot be read: ${said}`, OTHER),

  volume: ({ path, why }: { path: string; why: string }) => damaged(path, why),
  packedBadly: ({ path, by }: { path: string; by: string }) =>
    damaged(path, `${by} cannot unpack its beginning`),
  undecodable: ({ path, said }: { path: string; said: string }) => damaged(path, said),
  standsStill: ({ path }: { path: string }) => damaged(path, 'decoding it stands still'),
  endlessTable: ({ path, table }: { path: string; table: string }) =>
    damaged(path, `the data of ${table} has no end`),
  endsInTable: ({ path, table }: { path: string; table: string }) =>
    damaged(path, `it ends within the data of ${table}`),
  missingTables: ({ path, expected, found }: { path: string; expected: number; found: number }) =>
    damaged(
      path,
      `it should hold the data of ${plural(expected, 'table')}, and ${found} ${found === 1 ? 'is' : 'are'} there`,
    ),
  emptyFile: ({ path, name }: { path: string; name: string }) => damaged(path, `${name} is empty`),
  packedShort: ({ path }: { path: string }) => damaged(path, 'it is cut off'),
  cutOff: ({ path }: { path: string }) =>
    failed(`${path} is cut off: it does not end with pg_dump's "PostgreSQL database dump complete".`, OTHER),

  loadEnded: ({ line, why }: { line: number; why: string }) =>
    failed(`The load was ended at line ${line} of what is loaded: ${why}.`),

  noChecksums: ({ why }: { why: string }) => refused(why, 'Use --level decode, or --level restore.'),
  notAsCounted: ({ first, others }: { first: Difference; others: number }) =>
    failed(
      `${first.what} should hold ${first.expected} and holds ${first.found}${others === 0 ? '' : `, and ${others} more differ`}.`,
    ),
});
