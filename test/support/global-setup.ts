import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';
import { connect } from '../../src/db/client.ts';
import type { Cluster } from '../../src/hosts/cluster/cluster.ts';
import { clusterInMemory } from './memory.ts';
import { needsSentence } from './needs.ts';

declare module 'vitest' {
  interface ProvidedContext {
    postgres: { bin: string; major: number };
    /** One for each worker: what is there of the whole server is never that of a file that runs at the same time. */
    servers: readonly TestServer[];
    /** Where V8 keeps what it has compiled of the program's sources, so that each of its many starts does not. */
    compileCache: string;
    /** The program: as it is shipped, where it was built of the sources as they are, else the sources. */
    main: string;
  }
}

export interface TestServer {
  readonly host: string;
  readonly port: number;
  readonly dataDir: string;
}

/** The database that every test database is copied from. */
export const TEMPLATE = 'pgdeck_template';

/** The servers of the whole run. PGDECK_TEST_BIN names the bin directory of another version. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  // the servers of other versions come from npm, without client programs, and so do their tests
  const lacking = process.env.PGDECK_TEST_BIN === undefined ? await needsSentence() : undefined;
  if (lacking !== undefined) throw new Error(lacking);
  const { maxWorkers } = project.config;
  const begun = await Promise.allSettled(Array.from({ length: maxWorkers }, prepared));
  const clusters = begun.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
  const remove = async () => void (await Promise.all(clusters.map((cluster) => cluster.remove())));
  const failed = begun.find((one) => one.status === 'rejected');
  const [first] = clusters;
  if (failed !== undefined || first === undefined) {
    await remove();
    throw failed?.reason;
  }
  project.provide('postgres', { bin: first.bin, major: first.major });
  project.provide(
    'servers',
    clusters.map((cluster) => ({
      host: cluster.target().host,
      port: cluster.port,
      dataDir: cluster.dataDir,
    })),
  );
  const compileCache = mkdtempSync(join(tmpdir(), 'pgdeck-compiled-'));
  project.provide('compileCache', compileCache);
  project.provide('main', program());
  return async () => {
    rmSync(compileCache, { recursive: true, force: true });
    await remove();
  };
}

const pathOf = (name: string) => fileURLToPath(new URL(`../../${name}`, import.meta.url));

/** A start of the bundle takes a third of the time. */
function program(): string {
  const changed = (path: string) =>
    statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Number.NEGATIVE_INFINITY;
  const sources = readdirSync(pathOf('src'), { recursive: true, encoding: 'utf8' }).map((name) =>
    pathOf(`src/${name}`),
  );
  const built = pathOf('dist/main.js');
  return Math.max(...sources.map(changed)) < changed(built) ? built : pathOf('src/main.ts');
}

/** A server with the template in it. */
async function prepared(): Promise<Cluster> {
  const bin = process.env.PGDECK_TEST_BIN;
  const cluster = await clusterInMemory({
    ...(bin !== undefined && { bin }),
    settings: {
      shared_preload_libraries: 'pg_stat_statements',
      max_connections: '60',
      max_prepared_transactions: '5',
      wal_level: 'logical',
      track_io_timing: 'on',
    },
  });
  try {
    const admin = await connect(cluster.target(), 'workload');
    await admin.sql(`CREATE DATABASE ${TEMPLATE}`);
    await admin.close();
    const template = await connect(cluster.target({ database: TEMPLATE }), 'workload');
    await template.sql('CREATE EXTENSION pg_stat_statements');
    await template.close();
    return cluster;
  } catch (error) {
    await cluster.remove();
    throw error;
  }
}
