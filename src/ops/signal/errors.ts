import { defineErrors, failed, refused } from '../error.ts';

const LISTED = 'List them with: SELECT gid, owner, database, prepared FROM pg_prepared_xacts';

export const preparedErrors = defineErrors('prepared', {
  none: ({ name }: { name: string }) =>
    refused(`No transaction is prepared as ${name} on this server.`, LISTED),
  changed: ({ name }: { name: string }) =>
    refused(`The transaction ${name} that was meant is gone; nothing was done.`, LISTED),
  stillThere: ({ name }: { name: string }) => failed(`${name} is still prepared.`, 'Try again.'),
});
