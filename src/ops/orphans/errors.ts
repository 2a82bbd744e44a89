import { plural } from '../../text/units.ts';
import { defineErrors, failed, refused } from '../error.ts';

const SEE = 'See the keys that are NOT VALID with: pgdeck orphans list';

export const orphansErrors = defineErrors('orphans', {
  noKey: ({ key, table }: { key: string; table: string | undefined }) =>
    refused(
      `There is no foreign key ${key}${table === undefined ? ' that is NOT VALID' : ` of ${table}`}.`,
      SEE,
    ),
  manyKeys: ({ key, tables }: { key: string; tables: readonly string[] }) =>
    refused(
      `The name ${key} stands for keys of ${tables.join(' and ')}.`,
      'Name the table, too, with --table.',
    ),
  whichKey: ({ table, keys }: { table: string; keys: readonly string[] }) =>
    keys.length === 0
      ? refused(
          `${table} has no foreign key that is NOT VALID.`,
          'For one that is missing, say what it is: --columns and --references.',
        )
      : refused(
          `${table} has ${keys.length} foreign keys that are NOT VALID: ${keys.join(', ')}.`,
          'Name one with --key.',
        ),
  partition: ({ table, what }: { table: string; what: 'key' | 'table' }) =>
    refused(`${table} is a partition, and the ${what} is its parent's.`, 'Name the partitioned table.'),
  badReference: ({ given }: { given: string }) =>
    refused(`"${given}" is no table with columns.`, 'Expected is a table, or table(column, column).'),
  noColumn: ({ table, column, there }: { table: string; column: string; there: readonly string[] }) =>
    refused(`${table} has no column ${column}.`, `It has: ${there.join(', ')}.`),
  noPrimary: ({ table }: { table: string }) =>
    refused(
      `${table} has no primary key that could be referred to.`,
      `Say which columns are meant: --references '${table}(column)'`,
    ),
  unequal: ({ columns, referenced }: { columns: number; referenced: number }) =>
    refused(
      `${plural(columns, 'column')} cannot refer to ${plural(referenced, 'column')}.`,
      'Name as many columns on both sides.',
    ),
  remain: ({ rows, table }: { rows: number; table: string }) =>
    failed(
      `${plural(rows, 'row')} of ${table} ${rows === 1 ? 'refers' : 'refer'} to a row that is not there.`,
      'To archive and remove them: --then delete, or --then set-null.',
    ),
  suppressed: ({ table, rows }: { table: string; rows: number }) =>
    failed(
      `${plural(rows, 'row')} of ${table} stayed as ${rows === 1 ? 'it was' : 'they were'}: a trigger has suppressed the change. That batch was rolled back.`,
      'Disable the trigger for the time of the run, or change what it does.',
    ),
  inserted: ({ table, rows }: { table: string; rows: number }) =>
    failed(
      `A trigger has put ${plural(rows, 'row')} into ${table} while others were taken out. That batch was rolled back.`,
      'Disable the trigger for the time of the run, or change what it does.',
    ),
  referred: ({ table, by, rows }: { table: string; by: string; rows: number }) =>
    failed(
      `${plural(rows, 'row')} of ${by} ${rows === 1 ? 'refers' : 'refer'} to rows of ${table} that were to go, and would have been changed with them. That batch was rolled back.`,
      `Settle those rows of ${by} first.`,
    ),
  newKey: ({ key, table, to }: { key: string; table: string; to: string }) =>
    failed(
      `${key} of ${table} refers to ${to} now, and did not when this was planned: what it would do with its rows nobody has seen. That batch was rolled back.`,
      'Run it again: it is planned anew, and goes on where it stopped.',
    ),
  locked: ({ table, rows }: { table: string; rows: number }) =>
    failed(
      `${plural(rows, 'row')} of ${table} ${rows === 1 ? 'is' : 'are'} locked by other transactions.`,
      'See who holds them with: pgdeck show locks. Then run it again: it goes on where it stopped.',
    ),
  appearing: ({ table, passes }: { table: string; passes: number }) =>
    failed(
      `New orphans appear in ${table} as fast as they are removed (${passes} passes).`,
      'Stop what writes them, then run it again: it goes on where it stopped.',
    ),
  notCommitted: ({ table }: { table: string }) =>
    failed(`The server has not committed a batch of ${table}.`, 'Run it again: it goes on where it stopped.'),
  unknownFate: ({ part, xid }: { part: string; xid: string }) =>
    failed(
      `Whether transaction ${xid} was committed the server no longer knows, so that nobody can tell whether the rows of ${part} are gone.`,
      'Compare that file with the table by hand.',
    ),
  stillWorking: ({ xid }: { xid: string }) =>
    failed(`Transaction ${xid} of the run is still at work on the server.`, 'Try again when it has ended.'),
  stillThere: ({ key, table }: { key: string; table: string }) =>
    failed(
      `Rows of ${table} still break ${key}: new ones came meanwhile.`,
      'Run it again: it goes on where it stopped.',
    ),
  notValid: ({ key }: { key: string }) => failed(`${key} is still NOT VALID.`),
  otherKey: ({ key, table }: { key: string; table: string }) =>
    failed(`${key} of ${table} is not the key that was planned: somebody has changed it.`, 'Plan it again.'),
  lock: ({ table, seconds }: { table: string; seconds: number }) =>
    failed(
      `The lock on ${table} could not be had within ${seconds}s.`,
      'See who holds it with: pgdeck show locks. Then run it again.',
    ),
  nothingToUndo: ({ run }: { run: string }) =>
    refused(`${run} has changed nothing that could be taken back.`),
  unsettled: ({ run }: { run: string }) =>
    refused(`The archive of ${run} is not finished.`, `Finish it first: pgdeck recover ${run}`),
  changedByTrigger: ({ table, rows }: { table: string; rows: number }) =>
    failed(
      `${plural(rows, 'row')} of ${table} did not come back as ${rows === 1 ? 'it was' : 'they were'}: a trigger changed ${rows === 1 ? 'it' : 'them'}. That part was rolled back.`,
      'Disable the trigger for the time of the run, then undo it again: it goes on where it stopped.',
    ),
});
