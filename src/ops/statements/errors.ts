import { defineErrors, failed, refused } from '../error.ts';

export const statementsErrors = defineErrors('statements', {
  nothingNamed: () =>
    refused(
      'It is not said which counters are meant.',
      'Give --statement QUERYID, --database NAME, or --all for those of the whole server.',
    ),
  allAndOne: () =>
    refused(
      '--all is every counter of the server.',
      'Leave it out, or leave out --statement and --database.',
    ),
  badId: ({ given }: { given: string }) =>
    refused(
      `"${given}" is no query id.`,
      'It is a whole number: pgdeck show statements --json has it as queryid.',
    ),
  noDatabase: ({ name }: { name: string }) => refused(`There is no database ${name}.`),
  unavailable: ({ reason, remedy }: { reason: string; remedy: string | undefined }) =>
    refused(reason, remedy),
  onlyAll: () =>
    refused(
      'The extension is older than 1.7 here, and resets all counters or none.',
      'ALTER EXTENSION pg_stat_statements UPDATE, or give --all.',
    ),
  stillThere: ({ n }: { n: number }) =>
    failed(
      `The server has answered, and ${n} of the entries have more calls than before.`,
      'Look with pgdeck show statements.',
    ),
  noScope: () =>
    refused(
      'It is not said whose statements are meant.',
      'Give --database NAME or --role NAME; for the whole server: pgdeck settings set log_min_duration_statement.',
    ),
});
