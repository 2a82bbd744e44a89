import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { connect } from '../../src/db/client.ts';
import { createCluster } from '../../src/demo/cluster.ts';

declare module 'vitest' {
  interface ProvidedContext {
    postgres: { host: string; port: number; bin: string; major: number; dataDir: string };
    /** Where V8 keeps what it has compiled of the program's sources, so that each of its many starts does not. */
    compileCache: string;
  }
}

/** The database that every test database is copied from. */
export const TEMPLATE = 'pgdeck_template';

/** One server for the whole run. PGDECK_TEST_BIN names the bin directory of another version. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const bin = process.env.PGDECK_TEST_BIN;
  const cluster = await createCluster({
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
  } catch (error) {
    await cluster.remove();
    throw error;
  }
  const { host } = cluster.target();
  const { port, major, dataDir } = cluster;
  project.provide('postgres', { host, port, bin: cluster.bin, major, dataDir });
  const compileCache = mkdtempSync(join(tmpdir(), 'pgdeck-compiled-'));
  project.provide('compileCache', compileCache);
  return async () => {
    rmSync(compileCache, { recursive: true, force: true });
    await cluster.remove();
  };
}
