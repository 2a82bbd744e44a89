import { defineErrors, failed, refused } from '../error.ts';

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
    refused(`${file} is no SQLite 3 database.`, 'Name another file.'),
  encrypted: ({ file }: { file: string }) =>
    refused(
      `${file} is no SQLite 3 database that can be read: it looks encrypted, as SQLCipher does it.`,
      "Export it with sqlcipher and its key: ATTACH 'plain.db' AS plain KEY ''; SELECT sqlcipher_export('plain');",
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
  noRoom: ({
    file,
    bytes,
    free,
    directory,
  }: {
    file: string;
    bytes: string;
    free: string;
    directory: string;
  }) =>
    refused(
      `${file} has ${bytes}, and ${directory}, where it is copied to, has ${free} free.`,
      'Make room there, or name another directory (TMPDIR).',
    ),
  noTables: ({ file }: { file: string }) => refused(`${file} has no table of rows in it.`, NOTHING),
  badMap: ({ given, ways }: { given: string; ways: readonly string[] }) =>
    refused(
      `"${given}" says of no column what it becomes.`,
      `Write --map TABLE.COLUMN=HOW, with one of: ${ways.join(', ')}.`,
    ),
  noColumn: ({ given, alike }: { given: string; alike: readonly string[] }) =>
    refused(
      `There is no column ${given} in the file.`,
      alike.length > 0 ? `There is ${alike.join(', ')}.` : 'See what is in it: --plan without --map.',
    ),
  noTable: ({ given, alike }: { given: string; alike: readonly string[] }) =>
    refused(
      `There is no table ${given} in the file.`,
      alike.length > 0 ? `There is ${alike.join(', ')}.` : undefined,
    ),
  mapsExisting: () =>
    refused(
      'With --into-existing the types of the tables hold, and --map has no place.',
      'Leave one of them out.',
    ),
  badZone: ({ given }: { given: string }) =>
    refused(
      `"${given}" is no time zone that times without one could be in.`,
      'Write an offset: +00, +02:00, -05.',
    ),
  changed: ({ file }: { file: string }) =>
    failed(
      `The tables of ${file} have changed since it was planned. Nothing was imported.`,
      'Plan it again.',
    ),
  otherValue: ({ table, key, column, why }: { table: string; key: string; column: string; why: string }) =>
    failed(
      `${table} ${key}: ${column} is ${why}. It was not so when it was planned. Nothing was imported.`,
      'Plan it again.',
    ),
  unsound: ({ table, why }: { table: string; why: string }) =>
    failed(
      `The pages of ${table} are not what SQLite reads: ${why}. Nothing was imported.`,
      'Recover the file with sqlite3 (.recover) into a new one, and import that one.',
    ),
  otherCount: ({ table, sent, found }: { table: string; sent: number; found: number }) =>
    failed(`${table} has ${found} rows, and ${sent} were sent. All of it was rolled back.`),
  otherValues: ({ table, columns }: { table: string; columns: readonly string[] }) =>
    failed(
      `${table} does not hold what was sent: ${columns.join(', ')}. All of it was rolled back.`,
      'A trigger or a rule of the table may change what comes.',
    ),
  serverRefused: ({
    table,
    row,
    why,
    detail,
  }: {
    table: string;
    row: string | undefined;
    why: string;
    detail: string;
  }) =>
    failed(
      `${table}${row === undefined ? '' : `, row ${row} of those that were sent`}: ${why}.${detail === '' ? '' : ` ${detail}`}`,
      'Mend it in the file or in the table, and import again.',
    ),
  noRecord: ({ run }: { run: string }) => refused(`The journal does not say what ${run} has made.`),
  notCommitted: ({ run }: { run: string }) =>
    refused(`${run} has made nothing that is there: it was rolled back.`),
  otherTable: ({ table }: { table: string }) =>
    failed(
      `${table} is another table than the one that was shown. Nothing was changed.`,
      'Look at it again, with the same command.',
    ),
  unwritten: ({ file, why }: { file: string; why: string }) =>
    failed(`${file} cannot be written: ${why}.`, 'Name another place for it: --report PATH.'),
});
