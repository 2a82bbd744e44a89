import { duration } from '../../text/units.ts';
import { defineErrors, failed, refused } from '../error.ts';

export const maintainErrors = defineErrors('maintain', {
  ageOfAll: () =>
    refused(
      'The age of the database is that of all its tables.',
      'Leave out --only-database-stats, or what names tables.',
    ),
  onlyParent: ({ table }: { table: string }) =>
    refused(
      `${table} is partitioned and holds no rows itself: there is nothing to vacuum in it alone.`,
      'Leave out --only, or add --analyze.',
    ),
  passedOver: ({ tables, said }: { tables: readonly string[]; said: readonly string[] }) =>
    failed(
      `The server skipped ${tables.join(', ')}: ${said.join('; ')}.`,
      'It needs the owner of the table or of the database, or a superuser; from 17 on also who may MAINTAIN it.',
    ),
  locked: ({
    table,
    holder,
    tries,
    seconds,
  }: {
    table: string;
    /** Who stands in the way, and what can be done about it; undefined where nobody does any more. */
    holder: { readonly text: string; readonly remedy: string } | undefined;
    tries: number;
    seconds: number;
  }) =>
    failed(
      `${table} was ${holder?.text ?? 'locked by others'} and could not be had in ${tries === 1 ? 'one attempt' : `${tries} attempts`} within ${duration(seconds)}.`,
      `${holder === undefined ? '' : `${holder.remedy}. `}Or try longer with --wait.`,
    ),
});
