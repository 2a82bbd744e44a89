import type { Pooling } from '../../db/pooler/pooling.ts';
import { defineErrors, failed, refused } from '../error.ts';

/** Where to connect to instead of a pooler. */
const DIRECT = 'Connect to PostgreSQL itself, with -h and -p.';

export const databaseErrors = defineErrors('database', {
  noDatabase: ({ database }: { database: string }) =>
    refused(
      `There is no database ${database} on this server.`,
      'See which there are with: pgdeck show database',
    ),
  changed: ({ database }: { database: string }) =>
    refused(`${database} is not what it was when it was looked at.`, 'Look again with: pgdeck recover'),
  atWork: ({ why }: { database: string; why: string }) =>
    refused(why, 'Wait for it, or see it with: pgdeck runs list'),
  subscription: ({ database, subscription }: { database: string; subscription: string }) =>
    refused(
      `${database} has the subscription ${subscription}, and cannot be dropped with it.`,
      'Let connections in, and DROP SUBSCRIPTION there.',
    ),
  statement: ({ statement, why }: { statement: string; why: string }) =>
    failed(
      `${why} It was said by: ${statement}`,
      'Grant this role what it lacks, or connect as a superuser.',
    ),
  pooled: ({ place, pooling }: { place: string; pooling: Exclude<Pooling, 'kept'> }) =>
    refused(
      pooling === 'shared'
        ? `${place} is a pooler that shares connections between clients: locks and settings would stay on those of others.`
        : `${place} is a pooler without a free connection: whether it shares them between clients, to which locks and settings would stay, cannot be seen.`,
      DIRECT,
    ),
});
