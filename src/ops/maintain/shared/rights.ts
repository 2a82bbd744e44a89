import { displayName, quoteIdent, quoteRelation } from '../../../db/ident.ts';
import { grant, type Server } from '../../../db/server.ts';
import type { Check } from '../../operation.ts';

/** Tables that are named; more are counted. */
const NAMED = 5;

export interface Named {
  readonly schema: string;
  readonly name: string;
}

/**
 * What this role may not maintain. The server would pass over such tables with a warning and say that all went well:
 * those that somebody has named block the plan, others are left out of it.
 *
 * `doing`: `vacuum`, `analyze`, `reindex`.
 */
export function rightsChecks(
  server: Server,
  doing: string,
  { named, others }: { readonly named: readonly Named[]; readonly others: readonly Named[] },
): Check[] {
  const title = 'Rights';
  const who = server.user;
  if (named.length > 0)
    return [
      { title, status: 'block', detail: `${who} may not ${doing} ${some(named)}. ${remedy(server, named)}` },
    ];
  if (others.length > 0)
    return [
      {
        title,
        status: 'warn',
        detail: `${who} may not ${doing} ${some(others)}: left out. ${remedy(server, others)}`,
      },
    ];
  return [{ title, status: 'ok', detail: `${who} may ${doing} everything that is planned.` }];
}

function remedy(server: Server, denied: readonly Named[]): string {
  if (server.major < 17) return 'Connect as the owner of the tables or of the database, or as a superuser.';
  const [only, ...more] = denied;
  return only !== undefined && more.length === 0
    ? `Its owner can give it: GRANT MAINTAIN ON ${quoteRelation(only)} TO ${quoteIdent(server.user)}`
    : `A superuser can give it for all tables: ${grant('pg_maintain', server)}`;
}

/** The first names, and how many more there are. */
export function some(tables: readonly Named[]): string {
  const named = tables.slice(0, NAMED).map((one) => displayName(one.schema, one.name));
  const more = tables.length - named.length;
  return more > 0 ? `${named.join(', ')} and ${more} more` : named.join(', ');
}
