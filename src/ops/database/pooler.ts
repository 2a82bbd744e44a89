import type { Session } from '../../db/session.ts';
import type { OpContext } from '../engine/operation.ts';
import type { Check } from '../engine/plan.ts';
import { sentenceOf } from '../error.ts';
import { databaseErrors } from './errors.ts';

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
    return [
      {
        title,
        status: 'block',
        detail: sentenceOf(databaseErrors.pooled({ place: context.place, pooling })),
      },
    ];
  return [
    {
      title,
      status: 'warn',
      detail: `A pooler stands before the server at ${context.place}, and may end what takes long: connect to PostgreSQL itself where you can.`,
    },
  ];
}
