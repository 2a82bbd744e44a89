import { quoteIdent } from '../../../db/ident.ts';
import { cancelled, defineErrors, failed, refused } from '../../error.ts';

export const rehearseErrors = defineErrors('migrate.rehearse', {
  readOnly: () =>
    refused(
      'A rehearsal makes a database of its own, and this is read-only mode.',
      'Start pgdeck with --no-read-only.',
    ),
  mayNotCreate: ({ user }: { user: string }) =>
    refused(
      `This needs a database of its own to try things in, and ${user} may not create one.`,
      `Ask for: ALTER ROLE ${quoteIdent(user)} CREATEDB`,
    ),
  noDump: ({ database, why }: { database: string; why: string }) =>
    refused(`The schema of ${database} cannot be dumped: ${why}`),
  /** `waited`: as pg_dump was told; `holders`: who has the table, in words; `why`, `next`: of the dump, where nobody does. */
  tableLocked: ({
    waited,
    holders,
    why,
    next,
  }: {
    waited: string;
    holders: readonly string[];
    why: string;
    next: string | undefined;
  }) =>
    failed(
      holders.length === 0
        ? why
        : `pg_dump has waited ${waited} for a table. ${holders.map((holder) => `${holder}.`).join(' ')}`,
      `${next ?? 'See who holds it with: pgdeck show locks'}. Then try again.`,
    ),
  noReplay: ({ version, why }: { version: string; why: string }) =>
    failed(
      `The history cannot be replayed: ${version} failed in an empty database: ${why}`,
      'Install the client programs of PostgreSQL, and the schema is dumped instead.',
    ),
  cancelled: () => cancelled('The rehearsal was cancelled.'),
  left: ({ database, why }: { database: string; why: string }) =>
    failed(`The shadow database ${database} was not removed: ${why}`, 'Remove it with: pgdeck recover'),
});
