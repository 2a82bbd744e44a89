import { displayName, quoteIdent, quoteRelation } from '../../../db/ident.ts';
import { grant, type Server } from '../../../db/server.ts';
import type { Check } from '../../engine/plan.ts';

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
 * `doing`: `vacuum`, `analyze`, `reindex`. `nothing`: no other table was meant, so that leaving them out would do nothing.
 */
export function rightsChecks(
  server: Server,
  doing: string,
  {
    named,
    others,
    nothing = false,
  }: { readonly named: readonly Named[]; readonly others: readonly Named[]; readonly nothing?: boolean },
): Check[] {
  const title = 'Rights';
  const who = server.user;
  const denied = named.length > 0 ? named : others;
  if (denied.length > 0) {
    const blocks = named.length > 0 || nothing;
    const next = remedy(server, doing, denied);
    return [
      {
        title,
        status: blocks ? 'block' : 'warn',
        detail: `${who} may not ${doing} ${some(denied)}${blocks ? '' : ': left out'}. ${next}`,
      },
    ];
  }
  return [{ title, status: 'ok', detail: `${who} may ${doing} everything that is planned.` }];
}

function remedy(server: Server, doing: string, denied: readonly Named[]): string {
  // one table of a database is not its owner's to reindex
  if (server.major < 17)
    return doing === 'reindex'
      ? 'Connect as the owner of the tables, or as a superuser.'
      : 'Connect as the owner of the tables or of the database, or as a superuser.';
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
