import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect, type Session } from '../../src/db/client.ts';
import type { Cluster } from '../../src/hosts/cluster/cluster.ts';
import { clusterInMemory } from './memory.ts';

const COUNT = 10;
/** One that will hang, one that will refuse, and one that wants a password. */
export const [HUNG, REFUSES, LOCKED] = ['db08', 'db09', 'db10'] as const;

/** Ten servers that wait for work, each a profile of one file of settings. */
export interface Fleet {
  readonly count: number;
  /** The file of settings. */
  readonly config: string;
  /** Stops a server and all that it has started, or lets it go on. */
  signal(name: string, how: 'SIGSTOP' | 'SIGCONT'): void;
  stop(name: string): Promise<void>;
  start(name: string): Promise<void>;
  /** How many connections pgdeck has to a server for its fleet. */
  sessions(name: string): Promise<number>;
  remove(): Promise<void>;
}

/** Starts them; the settings are written to a directory. */
export async function startFleet(bin: string, directory: string): Promise<Fleet> {
  const clusters = new Map<string, Cluster>();
  const admins = new Map<string, Session>();
  const settings = { max_connections: '20', shared_buffers: '8MB', autovacuum: 'off' };
  const names = Array.from({ length: COUNT }, (_, i) => `db${String(i + 1).padStart(2, '0')}`);
  const cluster = (name: string) => {
    const found = clusters.get(name);
    if (found === undefined) throw new Error(`There is no server ${name}.`);
    return found;
  };
  const signal: Fleet['signal'] = (name, how) => {
    const pidFile = readFileSync(join(cluster(name).dataDir, 'postmaster.pid'), 'utf8');
    const postmaster = Number(pidFile.split('\n')[0]);
    const children = readFileSync(`/proc/${postmaster}/task/${postmaster}/children`, 'utf8').trim();
    for (const pid of [postmaster, ...children.split(/\s+/).map(Number)].filter((one) => one > 0)) {
      try {
        process.kill(pid, how);
      } catch {
        // a session that has ended meanwhile
      }
    }
  };
  const remove = async () => {
    if (clusters.has(HUNG)) signal(HUNG, 'SIGCONT');
    await Promise.all([...admins.values()].map((admin) => admin.close()));
    await Promise.all([...clusters.values()].map((one) => one.remove()));
  };
  try {
    for (let at = 0; at < COUNT; at += 2)
      await Promise.all(
        names.slice(at, at + 2).map(async (name) => {
          clusters.set(
            name,
            await clusterInMemory({ bin, settings, ...(name === LOCKED && { password: 'x' }) }),
          );
        }),
      );
    for (const name of names) admins.set(name, await connect(cluster(name).target(), 'workload', 'watcher'));
  } catch (error) {
    await remove();
    throw error;
  }
  const profiles = Object.fromEntries(
    names.map((name) => {
      const { host, port, user, database } = cluster(name).target();
      return [name, { host, port, user, database, sslmode: 'disable' }];
    }),
  );
  const config = join(directory, 'config.json');
  writeFileSync(config, JSON.stringify({ profiles, defaultProfile: names[0] }));
  return {
    count: COUNT,
    config,
    signal,
    stop: (name) => cluster(name).stop('immediate'),
    start: async (name) => void (await cluster(name).start()),
    sessions: async (name) => {
      const [found] =
        (await admins
          .get(name)
          ?.sql("SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name = 'pgdeck-fleet'")) ??
        [];
      return Number(found?.n);
    },
    remove,
  };
}
