import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect, type Session } from '../../src/db/client.ts';
import { type Cluster, createCluster } from '../../src/hosts/cluster/cluster.ts';
import { local } from '../../src/hosts/local.ts';
import { until } from '../support/until.ts';

/** The database that pgbench works in and the programs look at. */
export const DATABASE = 'bench';
const SCALE = 10;
export const IDLE = 200;
export const TABLES = 10_000;
export const ACTIVE = 300;

/** A server under load that can be made heavier step by step; `remove` leaves nothing behind. */
export interface Stage {
  readonly cluster: Cluster;
  readonly admin: Session;
  /** A role that may read all statistics, for one program: its statements can be told apart from all others. */
  role(name: string): Promise<string>;
  /** Customers of pgbench at 200 transactions a second, and connections that do nothing. */
  load(): Promise<void>;
  addTables(): Promise<void>;
  /** Sessions with statements of 5 to 60 seconds. */
  addSessions(): Promise<void>;
  remove(): Promise<void>;
}

export async function createStage(): Promise<Stage> {
  const cluster = await createCluster({
    settings: {
      max_connections: '600',
      shared_buffers: '256MB',
      shared_preload_libraries: 'pg_stat_statements',
      'pg_stat_statements.track_planning': 'on',
      max_locks_per_transaction: '256',
    },
  });
  try {
    return await build(cluster);
  } catch (error) {
    await cluster.remove();
    throw error;
  }
}

async function build(cluster: Cluster): Promise<Stage> {
  const first = await connect(cluster.target(), 'workload', 'bench');
  await first.sql(`CREATE DATABASE ${DATABASE}`);
  await first.close();
  const admin = await connect(cluster.target({ database: DATABASE }), 'workload', 'bench');
  await admin.sql('CREATE EXTENSION pg_stat_statements');
  const { host, port, user } = cluster.target();
  const env = { PGHOST: host, PGPORT: String(port), PGUSER: user, PGDATABASE: DATABASE };
  const pgbench = join(cluster.bin, 'pgbench');
  const made = await local.run(pgbench, ['-i', '-q', '-s', String(SCALE)], { env });
  if (made.exitCode !== 0) throw new Error(`pgbench -i failed: ${made.stderr}`);
  const loads: { stop(grace?: number): Promise<unknown> }[] = [];

  /** Sessions that play one script until the end. */
  const play = async (name: string, clients: number, script: string) => {
    const file = join(cluster.socketDir, `${name}.sql`);
    await writeFile(file, script);
    const args = ['-n', '-c', String(clients), '-T', '7200', '-f', file];
    loads.push(await local.start(pgbench, args, { env: { ...env, PGAPPNAME: name } }));
    await sessions(name, clients);
  };
  const sessions = (name: string, count: number) =>
    until(
      async () => {
        const [row] = await admin.sql(
          'SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name = $1',
          [name],
        );
        return row?.n === count;
      },
      { what: `${count} sessions of ${name}`, timeout: 30_000 },
    );

  return {
    cluster,
    admin,
    role: async (name) => {
      await admin.sql(`CREATE ROLE ${name} LOGIN; GRANT pg_monitor TO ${name}`);
      return name;
    },
    load: async () => {
      const args = ['-n', '-c', '10', '-R', '200', '-T', '7200'];
      loads.push(await local.start(pgbench, args, { env: { ...env, PGAPPNAME: 'shop' } }));
      await sessions('shop', 10);
      // microseconds in 32 bits: a longer sleep would be none at all
      await play('pool', IDLE, '\\sleep 1800 s\n');
    },
    addTables: async () => {
      for (let from = 1; from <= TABLES; from += 1000)
        await admin.sql(`DO $$ BEGIN FOR i IN ${from}..${from + 999} LOOP
          EXECUTE format('CREATE TABLE t%s (id int PRIMARY KEY, name text, at timestamptz)', i); END LOOP; END $$`);
      await admin.sql('ANALYZE pg_class');
    },
    addSessions: () =>
      play('report', ACTIVE, '\\set s random(5, 60)\nSELECT pg_sleep(:s) AS monthly_report\n'),
    remove: async () => {
      await Promise.all(loads.map((load) => load.stop(0)));
      await admin.close();
      await cluster.remove();
    },
  };
}
