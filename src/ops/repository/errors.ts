import { basename } from 'node:path';
import { defineErrors, failed, refused } from '../error.ts';

const LIST = 'See what there is with: pgdeck backups list';

export const repositoryErrors = defineErrors('repository', {
  notABackup: ({ path }: { path: string }) => refused(`${path} is no backup of pg_dump.`, LIST),
  noBackup: ({ id, directory }: { id: string; directory: string }) =>
    refused(`There is no backup ${id} in ${directory}.`, LIST),
  noFile: ({ path }: { path: string }) => refused(`There is no file ${path}.`, LIST),
  ambiguous: ({ beginning, count, first }: { beginning: string; count: number; first: string }) =>
    refused(`${beginning} is the beginning of ${count} backups.`, `Name one in full, such as ${first}.`),
  noGoodBackup: ({ database, directory }: { database: string | undefined; directory: string }) =>
    refused(
      `There is no good whole backup${database === undefined ? '' : ` of ${database}`} in ${directory}.`,
      'Make one with: pgdeck backup',
    ),
  unfinished: ({ path }: { path: string }) =>
    refused(`${basename(path)} is a backup that was not finished, so it is none.`, LIST),
  unreadableManifest: ({ path }: { path: string }) =>
    failed(
      `${path} is damaged, or was written by a newer pgdeck.`,
      'The archive beside it can still be verified, and restored with --accept-damaged.',
    ),
  badRule: ({ text, why }: { text: string; why: string }) =>
    refused(`"${text}" is no rule for what to keep: ${why}.`),
  notInRepository: ({ path, directory }: { path: string; directory: string }) =>
    refused(
      `${path} is not in the repository ${directory}.`,
      'Name its directory with --dir, or remove the file yourself.',
    ),
  noManifest: ({ id, damaged }: { id: string; damaged: boolean }) =>
    refused(
      damaged ? `The manifest of ${id} is damaged.` : `${id} was not made by pgdeck.`,
      'Only backups with a manifest can be pinned; no other is ever pruned.',
    ),
});
