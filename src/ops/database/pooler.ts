import type { Pooling } from '../../db/pooler/pooling.ts';
import type { Session } from '../../db/session.ts';
import type { OpContext } from '../engine/operation.ts';
import type { Check } from '../engine/plan.ts';

/**
 * What a pooler in front of the server means for a run. One that gives each transaction or statement another connection
 * is no way to the server: locks of a run would outlive it, its settings and those of pg_dump (an empty search_path among
 * them) would stay on connections that the application gets next. One that keeps a connection for a client may do.
 * Throws DbError.
 */
export async function poolerChecks(context: OpContext, session: Session): Promise<Check[]> {
  if (!session.server.pooled) return [];
  const title = 'Pooler';
  const pooling = await context.pooling(session);
  if (pooling !== 'kept')
    return [{ title, status: 'block', detail: `${pooled(context.place, pooling)} ${DIRECT}` }];
  return [
    {
      title,
      status: 'warn',
      detail: `A pooler stands before the server at ${context.place}, and may end what takes long: connect to PostgreSQL itself where you can.`,
    },
  ];
}

/** Where to connect to instead of a pooler. */
export const DIRECT = 'Connect to PostgreSQL itself, with -h and -p.';

/** Why a pooler is no way to the server, in one sentence. */
export function pooled(place: string, pooling: Exclude<Pooling, 'kept'>): string {
  return pooling === 'shared'
    ? `${place} is a pooler that shares connections between clients: locks and settings would stay on those of others.`
    : `${place} is a pooler without a free connection: whether it shares them between clients, to which locks and settings would stay, cannot be seen.`;
}
