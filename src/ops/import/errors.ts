import { defineErrors, refused } from '../error.ts';

const NOTHING = 'Nothing was read, and nothing was changed.';

export const importErrors = defineErrors('import', {
  missing: ({ file }: { file: string }) => refused(`${file} does not exist.`, 'Name another file.'),
  noFile: ({ file }: { file: string }) => refused(`${file} is no file.`, 'Name the file of the database.'),
  walAlone: ({ file }: { file: string }) =>
    refused(
      `${file} does not exist, and its write-ahead log ${file}-wal is there: without its file it is of no use.`,
      'Bring the file back beside it, from where both were copied.',
    ),
  isSidecar: ({ file, database }: { file: string; database: string }) =>
    refused(`${file} belongs to a SQLite database and is none.`, `Name ${database}.`),
  empty: ({ file }: { file: string }) => refused(`${file} is empty: there is no table in it.`, NOTHING),
  notSqlite: ({ file }: { file: string }) =>
    refused(
      `${file} is no SQLite 3 database, or it is encrypted.`,
      'Name another file; one of SQLCipher has to be decrypted first.',
    ),
  short: ({ file, bytes, is }: { file: string; bytes: number; is: number }) =>
    refused(
      `${file} is cut short: its header says ${bytes} bytes, and it has ${is}.`,
      'Copy it again from where it is whole.',
    ),
  locked: ({ file }: { file: string }) =>
    refused(
      `${file} is locked: another program is writing to it, or keeps it for itself.`,
      `${NOTHING} Stop the application, or wait until it is through.`,
    ),
  hot: ({ file }: { file: string }) =>
    refused(
      `${file} was left in the middle of a change: ${file}-journal has what its last writer has not finished.`,
      `${NOTHING} Open it once with its application, or with sqlite3, which takes that change back.`,
    ),
  unreadable: ({ file, why }: { file: string; why: string }) =>
    refused(`${file} cannot be read: ${why}.`, NOTHING),
  damaged: ({ file, why }: { file: string; why: string }) =>
    refused(
      `${file} is damaged: ${why}.`,
      'Recover it with sqlite3 (.recover) into a new file, and import that one.',
    ),
});
