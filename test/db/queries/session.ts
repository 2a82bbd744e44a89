import { onTestFinished } from 'vitest';
import { connect, type Session } from '../../../src/db/client.ts';
import { client, type TestDatabase, until } from '../../support/cluster.ts';

/** A session as the monitor opens it; closed at the end of the test. */
export async function monitor(db: TestDatabase, role?: string): Promise<Session> {
  const session = await connect(db.target(role), 'fast', 'pgdeck-monitor');
  onTestFinished(() => session.close());
  return session;
}

/** An application's session that lives as long as the test. */
export async function app(db: TestDatabase, role?: string, name = 'app'): Promise<Session> {
  const session = await client(db.target(role), name);
  onTestFinished(() => session.close());
  return session;
}

/** Starts a statement that will wait or be cancelled; its end is not of interest unless awaited: `undefined` or the error. */
export function begin(session: Session, sql: string): Promise<unknown> {
  return session.sql(sql).then(
    () => undefined,
    (error: unknown) => error,
  );
}

/**
 * Runs statements in a session that ends: its counters are published at once rather than within seconds. Before
 * PostgreSQL 15 they go by way of the statistics collector, whose last file a reader takes for up to half a second.
 */
export async function publish(db: TestDatabase, ...statements: string[]): Promise<void> {
  const session = await connect(db.target(), 'workload', 'publisher');
  let pid: unknown;
  try {
    pid = (await session.sql('SELECT pg_backend_pid() AS pid'))[0]?.pid;
    for (const sql of statements) await session.sql(sql);
  } finally {
    await session.close();
  }
  const reader = await connect(db.target(), 'workload', 'reader');
  try {
    // it tells what it has counted when it ends, which it does some time after its client has left
    const gone = 'SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $1) AS gone';
    await until(async () => (await reader.sql(gone, [pid]))[0]?.gone, { what: 'the end of its backend' });
    const [ended] = await reader.sql('SELECT clock_timestamp()::text AS at');
    const current = `SELECT current_setting('server_version_num')::int >= 150000
      OR coalesce(pg_stat_get_snapshot_timestamp() > $1::timestamptz, false) AS current`;
    await until(async () => (await reader.sql(current, [ended?.at]))[0]?.current, {
      what: 'a file of statistics made since',
    });
  } finally {
    await reader.close();
  }
}
