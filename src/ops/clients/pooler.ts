import type { Session } from '../../db/session.ts';
import type { OpContext } from '../context.ts';
import type { Check } from '../operation.ts';

/** A pooler that waits for a connection keeps its client waiting, too. */
const PATIENCE_MS = 2_000;

/**
 * What a pooler in front of the server means for a run. One that gives each transaction another connection is no way
 * to the server: locks of a run would outlive it, settings of pg_dump (an empty search_path among them) would stay on
 * connections that the application gets next. One that keeps a connection for a client may do. Throws DbError.
 */
export async function poolerChecks(context: OpContext, session: Session): Promise<Check[]> {
  if (!session.server.pooled) return [];
  const title = 'Pooler';
  if (await sharesConnections(context, session))
    return [
      {
        title,
        status: 'block',
        detail: `${context.place} is a pooler that shares connections between transactions: locks and settings would stay on those of others. Connect to PostgreSQL itself, with -h and -p.`,
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

/** Whether another client gets this session's connection while it has no transaction. */
async function sharesConnections(context: OpContext, session: Session): Promise<boolean> {
  const backend = async (one: Session) => (await one.sql('SELECT pg_backend_pid() AS pid'))[0]?.pid;
  const first = await backend(session);
  const other = await context.open('pgdeck-plan', session.server.database);
  try {
    await other.sql('BEGIN');
    if ((await backend(other)) === first) return true;
    const late = Symbol('late');
    const patience = new AbortController();
    const timer = new Promise<symbol>((resolve) => {
      const timeout = setTimeout(() => resolve(late), PATIENCE_MS);
      patience.signal.addEventListener('abort', () => clearTimeout(timeout));
    });
    // the only connection of the pool is the other's now
    const second = await Promise.race([backend(session), timer]).finally(() => patience.abort());
    return second !== first;
  } finally {
    await other.close();
  }
}
