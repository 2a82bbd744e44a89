import { onTestFinished } from 'vitest';
import { connect, type Session } from '../../../src/db/client.ts';
import { client, type TestDatabase } from '../../support/cluster.ts';

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

/** Runs statements in a session that ends: its counters are published at once rather than within seconds. */
export async function publish(db: TestDatabase, ...statements: string[]): Promise<void> {
  const session = await connect(db.target(), 'workload', 'publisher');
  try {
    for (const sql of statements) await session.sql(sql);
  } finally {
    await session.close();
  }
}
