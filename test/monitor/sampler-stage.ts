import { afterAll, afterEach, beforeAll } from 'vitest';
import { connect, type Session } from '../../src/db/client.ts';
import type { Cluster } from '../../src/hosts/cluster/cluster.ts';
import { throwawayCluster, until } from '../support/cluster.ts';
import { Watching } from './watching.ts';

// a server of its own: how many wait for a lock is counted over the whole server, and backends are stopped
export let cluster: Cluster;
export let admin: Session;
const watchings: Watching[] = [];
const clients: Session[] = [];

/** Starts the server for the tests of this file, and ends what they leave. */
export function ownServer(): void {
  beforeAll(async () => {
    cluster = await throwawayCluster({ shared_preload_libraries: 'pg_stat_statements' });
    admin = await connect(cluster.target(), 'workload', 'test-admin');
    await admin.sql('CREATE EXTENSION pg_stat_statements');
    await admin.sql('CREATE ROLE nobody LOGIN');
    await admin.sql('CREATE TABLE t (id int PRIMARY KEY)');
    await admin.sql('INSERT INTO t VALUES (1)');
  });

  afterEach(async () => {
    await Promise.all(watchings.splice(0).map(({ sampler }) => sampler.stop()));
    await Promise.all(clients.splice(0).map((session) => session.close()));
  });

  afterAll(async () => {
    await admin?.close();
    await cluster?.remove();
  });
}

export function watching(...args: ConstructorParameters<typeof Watching>): Watching {
  const made = new Watching(...args);
  watchings.push(made);
  return made;
}

export async function app(): Promise<Session> {
  const session = await connect(cluster.target(), 'workload', 'app');
  clients.push(session);
  return session;
}

/** Somebody waits for a row that somebody else has changed. */
export async function pileUp(): Promise<{ holder: Session; waiter: Session }> {
  const [holder, waiter] = [await app(), await app()];
  await holder.sql('BEGIN');
  await holder.sql('UPDATE t SET id = id');
  waiter.sql('UPDATE t SET id = id').catch(() => {});
  await until(
    async () =>
      (await admin.sql('SELECT 1 FROM pg_locks WHERE pid = $1 AND NOT granted', [waiter.pid])).length > 0,
    { what: 'a wait' },
  );
  return { holder, waiter };
}
