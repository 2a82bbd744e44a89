import { shellWord } from '../../text/shell.ts';
import { plural } from '../../text/units.ts';
import { defineErrors, failed, refused } from '../error.ts';

export const cleanupErrors = defineErrors('cleanup', {
  partition: ({ table, parent }: { table: string; parent: string }) =>
    refused(`${table} is a partition.`, `Name the table that it is of: --table ${shellWord(parent)}`),
  noColumn: ({ table, column, there }: { table: string; column: string; there: readonly string[] }) =>
    refused(`${table} has no column ${column}.`, timesOf(there)),
  noTime: ({
    table,
    column,
    type,
    there,
  }: {
    table: string;
    column: string;
    type: string;
    there: readonly string[];
  }) => refused(`${column} of ${table} is no time: it is ${type}.`, timesOf(there)),
  tooOld: ({ age }: { age: string }) =>
    refused(
      `${age} ago is before all times that the server knows.`,
      'Nothing is that old: give a smaller age.',
    ),
  noRules: ({ profile }: { profile: string | undefined }) =>
    profile === undefined
      ? refused("The rules are in a profile, and this server is no profile's.", 'Name one with --profile.')
      : refused(
          `The profile ${profile} has no rules.`,
          'They stand in it as cleanup: [{"table", "column", "older_than", "archive"}].',
        ),
  noRule: ({ rule, there }: { rule: string; there: readonly string[] }) =>
    refused(`There is no rule ${rule}.`, `There are: ${there.join(', ')}.`),
  sameTable: ({ table }: { table: string }) =>
    refused(`Two rules are about ${table}.`, 'Run one after the other with --rule.'),
  otherRun: ({ run, operation }: { run: string; operation: string }) =>
    refused(`${run} is a run of ${operation}, and no cleanup.`, 'See the runs with: pgdeck runs list'),
  stillRunning: ({ run }: { run: string }) => refused(`${run} is still running.`),
  nothingLeft: ({ run }: { run: string }) => refused(`${run} has left nothing to go on with.`),
  wentOn: ({ run, by }: { run: string; by: string }) =>
    refused(`${run} was gone on with by ${by}.`, `It is that run that counts: ${by}`),
  undone: ({ run, by }: { run: string; by: string }) =>
    refused(`${run} was undone by ${by}.`, 'Begin anew with --table, --column and --older-than.'),
  changedTable: ({ table }: { table: string }) =>
    refused(`${table} is not the table any more that the run was about.`, 'Begin anew with --table.'),
  detached: ({ run, partition }: { run: string; partition: string }) =>
    refused(
      `${partition} was detached by ${run}, and is not in its table.`,
      `Put it back first: pgdeck recover ${run}`,
    ),
  noArchive: ({ run }: { run: string }) =>
    refused(
      `${run} has no archive: what it has deleted is only in a backup.`,
      'See the backups with: pgdeck backups list',
    ),
  nothingToUndo: ({ run }: { run: string }) => refused(`${run} has deleted nothing.`),
  unsettled: ({ run }: { run: string }) =>
    refused(`The archive of ${run} is not finished.`, `Finish it first: pgdeck recover ${run}`),
  notThere: ({ table, rows, found }: { table: string; rows: number; found: number }) =>
    failed(`${plural(rows, 'row')} of ${table} should have come back, and ${found} did.`),
  notWhole: ({ partition, rows }: { partition: string; rows: number }) =>
    failed(
      `${plural(rows, 'row')} of ${partition} ${rows === 1 ? 'is' : 'are'} not old enough: it is not dropped.`,
      'Run it again: the others are deleted row by row then.',
    ),
});

function timesOf(there: readonly string[]): string {
  return there.length === 0
    ? 'It has no column that is a date or a timestamp.'
    : `Its columns that are a time, for --column: ${there.join(', ')}.`;
}
