import { defineErrors, failed, refused } from '../error.ts';

export const databasesErrors = defineErrors('databases', {
  changed: ({ database }: { database: string }) =>
    failed(
      `${database} is not the database that it was when it was planned. Nothing was done to it.`,
      'Plan it again.',
    ),
  stillThere: ({ database }: { database: string }) =>
    failed(`${database} is still there after DROP DATABASE.`, 'Try again.'),
  notAsMeant: ({ database, why }: { database: string; why: string }) =>
    failed(`${database} was made, and is not as it was meant: ${why}.`, 'See: pgdeck show database'),
  notEmpty: ({ database, left }: { database: string; left: string }) =>
    failed(`${database} is not empty after it: ${left}. All of it was rolled back.`),
  extensionGone: ({ extension }: { extension: string }) =>
    failed(
      `The extension ${extension} would go with what depends on each other. All of it was rolled back.`,
      'Empty the database wholly: pgdeck db reset without --keep-database',
    ),
  noRecord: ({ run }: { run: string }) => refused(`${run} has made no database.`),
});
