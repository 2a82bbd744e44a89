import { join } from 'node:path';
import { connect } from '../db/client.ts';
import type { Target } from '../db/target.ts';
import { type Cluster, createCluster } from '../hosts/cluster/cluster.ts';
import { CommandError } from '../hosts/host.ts';
import { loadShop, ROLES } from './schema.ts';
import { startWorkload } from './workload.ts';

export interface DemoOptions {
  /** Multiplies the rows of the shop; 1 is a few seconds of loading. */
  readonly scale?: number;
  /** Leaves the data directory behind. */
  readonly keep?: boolean;
  /** Directory with initdb and postgres; found by itself when absent. */
  readonly bin?: string;
  /** Told what happens, a line per step. */
  readonly onStep?: (text: string) => void;
}

export interface Demo {
  /** How the console connects: as the superuser `dba` to the database `shop`. */
  readonly target: Target;
  readonly cluster: Cluster;
  /** Where backups and the journal go: beside the server's files, so that they are removed with them. */
  readonly places: { readonly BACKUP_DIR: string; readonly XDG_STATE_HOME: string };
  /** Ends the workload and the server and removes its files; may be called more than once. */
  stop(): Promise<void>;
}

const DATABASE = 'shop';

const SETTINGS = {
  track_io_timing: 'on',
  track_functions: 'pl',
  shared_buffers: '64MB',
  max_connections: '60',
  autovacuum_naptime: '5s',
  // a small table vacuumed slowly is long enough in progress to be seen
  vacuum_cost_page_dirty: '4',
  checkpoint_timeout: '60s',
  max_wal_size: '128MB',
  // compiling a report costs more than running it
  jit: 'off',
};
const STATEMENTS = { shared_preload_libraries: 'pg_stat_statements', 'pg_stat_statements.track': 'all' };

/** Starts a throwaway server with the shop and its workload. Throws {@link CommandError} or DbError. */
export async function startDemo(options: DemoOptions = {}): Promise<Demo> {
  const { scale = 1, onStep = () => {} } = options;
  onStep('Starting a throwaway PostgreSQL');
  const cluster = await startServer(options);
  try {
    onStep(`PostgreSQL ${cluster.major} runs on 127.0.0.1:${cluster.port}`);
    await createDatabase(cluster);
    await loadShop(cluster.target({ database: DATABASE }), scale, onStep);
    const target = cluster.target({ database: DATABASE, user: ROLES.dba });
    await createExtensions(target, onStep);
    await makeDurable(target);
    onStep('Opening the shop');
    const workload = startWorkload(target, { scale });
    let stopped: Promise<void> | undefined;
    return {
      target,
      cluster,
      places: {
        BACKUP_DIR: join(cluster.socketDir, 'backups'),
        XDG_STATE_HOME: join(cluster.socketDir, 'state'),
      },
      stop: () => {
        stopped ??= workload.stop().finally(() => cluster.remove());
        return stopped;
      },
    };
  } catch (error) {
    await cluster.remove();
    throw error;
  }
}

/** Red Hat and embedded builds may come without the contrib modules: then the demo goes without them. */
async function startServer({ bin, keep = false }: DemoOptions): Promise<Cluster> {
  const base = { ...(bin !== undefined && { bin }), keep };
  try {
    return await createCluster({ ...base, settings: { ...SETTINGS, ...STATEMENTS } });
  } catch (error) {
    if (!(error instanceof CommandError) || !error.stderr.includes('"pg_stat_statements"')) throw error;
    return createCluster({ ...base, settings: SETTINGS });
  }
}

async function createDatabase(cluster: Cluster): Promise<void> {
  const admin = await connect(cluster.target(), 'workload', 'demo-setup');
  try {
    await admin.sql(`CREATE DATABASE ${DATABASE}`);
  } finally {
    await admin.close();
  }
}

/** Once the rows are there: a server in use without is a finding of health that hides all others. */
async function makeDurable(target: Target): Promise<void> {
  const session = await connect(target, 'workload', 'demo-setup');
  try {
    for (const name of ['fsync', 'full_page_writes']) await session.sql(`ALTER SYSTEM SET ${name} = on`);
    await session.sql('SELECT pg_reload_conf()');
  } finally {
    await session.close();
  }
}

async function createExtensions(target: Target, onStep: (text: string) => void): Promise<void> {
  const session = await connect(target, 'workload', 'demo-setup');
  try {
    for (const name of ['pg_stat_statements', 'pgstattuple'])
      await session
        .sql(`CREATE EXTENSION ${name}`)
        .catch(() => onStep(`Without ${name}: it is not installed`));
    // loading the shop would lead every list of statements; where the module is missing, that was said above
    await session.sql('SELECT pg_stat_statements_reset()').catch(() => {});
  } finally {
    await session.close();
  }
}
