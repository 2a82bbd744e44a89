import { randomBytes } from 'node:crypto';
import { inject } from 'vitest';
import { connect, type Session } from '../../src/db/client.ts';
import { quoteIdent } from '../../src/db/ident.ts';
import type { Target } from '../../src/db/target.ts';
import type { Cluster } from '../../src/hosts/cluster/cluster.ts';
import { TEMPLATE, type TestServer } from './global-setup.ts';
import { clusterInMemory } from './memory.ts';

export { until } from './until.ts';

/** A database of its own for one test file; call `drop` in afterAll. */
export interface TestDatabase {
  readonly database: string;
  /** How to connect to it; as the superuser, or as a role of {@link TestDatabase.roleWith}. */
  target(role?: string): Target;
  /**
   * Creates a role that may log in, and returns its name: `superuser`, names of roles to be a member of
   * (`pg_monitor`), or nothing for a role without rights. Dropped with the database.
   */
  roleWith(...grants: string[]): Promise<string>;
  /** Ends all sessions in the database and drops it, and the roles. */
  drop(): Promise<void>;
}

/** Sessions by database, so that dropping it closes them rather than breaking them. */
const open = new Map<string, Set<Session>>();

/** A session that behaves like an application's: no timeouts, may write. Closed when its database is dropped. */
export async function client(target: Target, name = 'test'): Promise<Session> {
  const session = await connect(target, 'workload', name);
  const sessions = open.get(target.database) ?? new Set();
  open.set(target.database, sessions.add(session));
  return session;
}

/** The server of this worker. Files that it runs one after the other share it. */
export function testServer(): TestServer {
  const servers = inject('servers');
  const server = servers[(Number(process.env.VITEST_POOL_ID) - 1) % servers.length];
  if (server === undefined) throw new Error(`There is no server for worker ${process.env.VITEST_POOL_ID}.`);
  return server;
}

/** How to connect to it as the superuser, to the database `postgres`. */
export function serverTarget(): Target {
  const { host, port } = testServer();
  return {
    host,
    port,
    user: 'postgres',
    database: 'postgres',
    sslmode: 'disable',
    password: async () => undefined,
    connectTimeout: 5,
    readOnly: false,
  };
}

async function asAdmin<T>(work: (admin: Session) => Promise<T>): Promise<T> {
  const admin = await connect(serverTarget(), 'workload', 'test-admin');
  try {
    return await work(admin);
  } finally {
    await admin.close();
  }
}

/** Creates a database from the template (which has pg_stat_statements). */
export async function testDatabase(): Promise<TestDatabase> {
  const database = `test_${randomBytes(5).toString('hex')}`;
  const roles: string[] = [];
  await asAdmin((admin) => admin.sql(`CREATE DATABASE ${database} TEMPLATE ${TEMPLATE}`));
  const target = (role = 'postgres'): Target => ({ ...serverTarget(), database, user: role });
  return {
    database,
    target,
    roleWith: async (...grants) => {
      const role = `${database}_role_${roles.length + 1}`;
      const superuser = grants.includes('superuser') ? 'SUPERUSER' : '';
      const memberOf = grants.filter((grant) => grant !== 'superuser').map(quoteIdent);
      await asAdmin(async (admin) => {
        await admin.sql(`CREATE ROLE ${role} LOGIN ${superuser}`);
        roles.push(role);
        if (memberOf.length > 0) await admin.sql(`GRANT ${memberOf.join(', ')} TO ${role}`);
      });
      return role;
    },
    drop: async () => {
      const sessions = [...(open.get(database) ?? [])];
      open.delete(database);
      await Promise.all(sessions.map((session) => session.close()));
      await asAdmin(async (admin) => {
        await admin.sql(`DROP DATABASE IF EXISTS ${database} WITH (FORCE)`);
        for (const role of roles) await admin.sql(`DROP ROLE IF EXISTS ${role}`);
      });
    },
  };
}

/** A server of its own, for tests that restart it or use it up; call `remove` in afterAll. */
export function throwawayCluster(settings: Record<string, string> = {}): Promise<Cluster> {
  return clusterInMemory({ bin: inject('postgres').bin, settings });
}
