import { plural } from '../../../text/units.ts';
import { defineErrors, failed, refused } from '../../error.ts';

const WHY: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota is used up',
  EACCES: 'this user may not',
  EPERM: 'this user may not',
  EROFS: 'the file system is read-only',
  ENOENT: 'it does not exist',
  ENOTDIR: 'it is no directory',
  EEXIST: 'there is something of that name already',
};

const whyOf = (code: string) => WHY[code] ?? (code === '' ? 'the system refuses' : code);

export const rowsErrors = defineErrors('rows', {
  unwritable: ({ path, code }: { path: string; code: string }) =>
    failed(
      `The archive of the rows cannot be written: ${whyOf(code)} (${path}).`,
      'Make room there or fix its permissions, or name another directory with --archive.',
    ),
  unreadable: ({ path, code }: { path: string; code: string }) =>
    refused(
      `The archive of the rows cannot be read: ${whyOf(code)} (${path}).`,
      'Put it back where it was, from a copy if there is one.',
    ),
  noManifest: ({ path, said }: { path: string; said: string }) =>
    refused(
      `${path} is no manifest of archived rows: ${said}.`,
      'Put the file back as it was, from a copy if there is one.',
    ),
  newer: ({ path, version }: { path: string; version: number }) =>
    refused(
      `${path} has format ${version}, which this pgdeck does not know.`,
      'Use the pgdeck that has written it, or a newer one.',
    ),
  altered: ({ path, what }: { path: string; what: string }) =>
    refused(
      `${path} is not as it was written: ${what}. Nothing was put back.`,
      'Put the file back as it was, from a copy if there is one.',
    ),
  notRows: ({ path, rows, found }: { path: string; rows: number; found: number }) =>
    failed(
      `${path} should give ${plural(rows, 'row')}, and gave ${found}.`,
      'Nothing of it was put back. Look at the file by hand.',
    ),
});
