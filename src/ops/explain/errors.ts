import { plural } from '../../text/units.ts';
import { defineErrors, refused } from '../error.ts';

export const explainErrors = defineErrors('explain', {
  nothing: () =>
    refused(
      'There is nothing to explain.',
      'Give one statement: as an argument, --file FILE or --statement QUERYID.',
    ),
  several: () =>
    refused(
      'More than one statement is named.',
      'Give one: as an argument, --file FILE or --statement QUERYID.',
    ),
  badId: ({ given }: { given: string }) =>
    refused(
      `"${given}" is no query id.`,
      'It is a whole number: pgdeck show statements --json has it as queryid.',
    ),
  unknown: ({ id, partial }: { id: string; partial: string | undefined }) =>
    refused(
      `pg_stat_statements has no statement ${id}${partial === undefined ? '' : ` that this role may see (${partial})`}.`,
      'pgdeck show statements --json lists them with their queryid.',
    ),
  unseen: ({ id }: { id: string }) =>
    refused(
      `The server gives no text for the statement ${id}: it is hidden from this role, or no longer kept.`,
    ),
  noStatements: ({ reason, remedy }: { reason: string; remedy: string | undefined }) =>
    refused(reason, remedy),
  gone: ({ id }: { id: string }) =>
    refused(`The statement ${id} was run in a database that is not there any more, so it has no plan.`),
  unread: ({ file, why }: { file: string; why: string }) => refused(`${file}: ${why}`, 'Name another file.'),
  many: ({ n }: { n: number }) =>
    refused(`The text holds ${plural(n, 'statement')}, and a plan is of one.`, 'Give the one that is meant.'),
  unexplainable: ({ why }: { why: string }) => refused(why),
  foreignFunctions: ({ owners, user }: { owners: readonly string[]; user: string }) =>
    refused(
      `Planning can run functions of ${owners.join(', ')} with the rights of ${user}: nothing was asked.`,
      'Add --yes to plan all the same.',
    ),
  parameters: () =>
    refused(
      'The statement has parameters ($1), and to run it takes values for them.',
      'Give the statement with values in it, or leave out --analyze for the plan that holds for any.',
    ),
  unparsed: ({ why }: { why: string }) =>
    refused(
      `The parser cannot read it, so that nobody knows what running it would do: ${why}.`,
      'Nothing was run.',
    ),
});
