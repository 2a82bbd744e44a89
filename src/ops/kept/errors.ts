import { defineErrors, failed, refused } from '../error.ts';

const LISTED = 'See what it has made with: pgdeck db kept';

export const keptErrors = defineErrors('kept', {
  noDatabase: ({ database }: { database: string }) =>
    refused(`There is no database ${database} on this server.`, LISTED),
  notOurs: ({ database }: { database: string }) =>
    refused(`pgdeck did not make ${database}, or nothing says so, and drops only what it has made.`, LISTED),
  changed: ({ database }: { database: string }) =>
    refused(`${database} is not the database that it was when it was looked at.`, LISTED),
  stillThere: ({ database }: { database: string }) =>
    failed(`${database} is still there after DROP DATABASE.`, 'Try again.'),
});
