import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type Session } from '../../../src/db/client.ts';
import { CHECKS } from '../../../src/health/registry.ts';
import type { Cluster } from '../../../src/hosts/cluster/cluster.ts';
import { clusterInMemory } from '../../support/memory.ts';
import { createStandby } from '../../support/standby.ts';

/** The role of the watch: its statements can be told apart from all others. */
export const WATCHER = 'watcher';
/** The database with a thousand relations, of a watch of its own. */
export const MANY = 'many';

/** A primary whose archiver can be made to fail, and its standby; `remove` leaves nothing behind. */
export interface Stage {
  readonly primary: Cluster;
  readonly standby: Cluster;
  /** While this file is there, nothing is archived. */
  readonly flag: string;
  /** With the settings file, and what the programs leave. */
  readonly home: string;
  readonly settings: string;
  remove(): Promise<void>;
}

export async function createStage(): Promise<Stage> {
  const primary = await clusterInMemory({
    settings: {
      shared_preload_libraries: 'pg_stat_statements',
      max_wal_size: '256MB',
      min_wal_size: '32MB',
      archive_mode: 'on',
      archive_command: 'true',
    },
  });
  const made: { remove(): Promise<unknown> }[] = [primary];
  const remove = async () => {
    for (const one of made.toReversed()) await one.remove();
  };
  try {
    const home = await mkdtemp(join(tmpdir(), 'pgdeck-trial-'));
    made.push({ remove: () => rm(home, { recursive: true, force: true }) });
    const flag = join(await primary.makeDirectory('archive'), 'full');
    await as(primary, async (admin) => {
      await admin.sql(`CREATE ROLE ${WATCHER} LOGIN`);
      await admin.sql(`GRANT pg_monitor TO ${WATCHER}`);
      await admin.sql('CREATE EXTENSION pg_stat_statements');
      await admin.sql('CREATE TABLE orders (id int)');
      await admin.sql(`CREATE DATABASE ${MANY}`);
      await admin.sql(`ALTER SYSTEM SET archive_command = 'test ! -f ${flag}'`);
    });
    const standby = await createStandby(primary, primary.bin, 'application_name=replica', {
      wal_retrieve_retry_interval: '500ms',
    });
    made.push(standby);
    await standby.start();
    const settings = join(home, 'settings.json');
    await writeFile(settings, JSON.stringify(profiles(primary)));
    return { primary, standby, flag, home, settings, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Does something as the superuser, in a session of its own. */
export async function as<T>(
  cluster: Cluster,
  work: (session: Session) => Promise<T>,
  database = 'postgres',
): Promise<T> {
  const session = await connect(cluster.target({ database }), 'workload', 'trial');
  try {
    return await work(session);
  } finally {
    await session.close();
  }
}

/** Waits of seconds, so that troubles come and go within minutes; what else is wrong with such a server counts no more. */
function profiles({ port }: Cluster) {
  const server = { host: '127.0.0.1', port, user: WATCHER, sslmode: 'disable' };
  const allBut = (...ids: string[]) =>
    CHECKS.filter(({ id }) => !ids.includes(id)).map(({ id }) => ({
      ...{ id, until: '2999-12-31', reason: 'not of this trial' },
    }));
  return {
    profiles: {
      shop: {
        ...server,
        database: 'postgres',
        thresholds: {
          // critical while it stands: that is no news
          lock_wait_seconds: { normal: 0.5, alert: 1, critical: 4 },
          replication_lag_seconds: { normal: 1, alert: 2, critical: 300 },
        },
        waivers: allBut('lock_wait', 'replication_lag', 'archiver'),
      },
      [MANY]: {
        ...server,
        database: MANY,
        intervals: { slow_seconds: 5 },
        notify: { severity: 'warning' },
        waivers: allBut('autovacuum_off'),
      },
    },
  };
}
