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
  referred: ({ table, by, rows }: { table: string; by: string; rows: number }) =>
    failed(
      `${plural(rows, 'row')} of ${by} ${rows === 1 ? 'refers' : 'refer'} to rows of ${table} that were to go, and would have been changed with them. That batch was rolled back.`,
      `Settle those rows of ${by} first.`,
    ),
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
});
