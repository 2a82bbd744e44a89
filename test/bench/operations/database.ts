import { join } from 'node:path';
import { connect, type Session } from '../../../src/db/client.ts';
import { type Cluster, createCluster } from '../../../src/hosts/cluster/cluster.ts';
import { local } from '../../../src/hosts/local.ts';

/** The database that is dumped and restored: about 0.9 GB on disk, nearly 750 MB of SQL. */
export const DATABASE = 'shop';
const SCALE = 50;

/** What an application's database has beside one large table. */
const MORE = [
  `CREATE TABLE customers (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL,
     email text NOT NULL UNIQUE, note text, words tsvector GENERATED ALWAYS AS (to_tsvector('simple', name)) STORED)`,
  `INSERT INTO customers (name, email, note)
     SELECT 'Customer ' || i || ' of ' || md5(i::text), 'c' || i || '@example.com', repeat(md5((i * 7)::text), 3)
     FROM generate_series(1, 100000) i`,
  'CREATE INDEX ON customers USING gin (words)',
  `CREATE TABLE orders (id bigint, at date NOT NULL, customer bigint NOT NULL REFERENCES customers,
     cents int NOT NULL, note text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at)`,
  `DO $$ BEGIN FOR m IN 0..11 LOOP EXECUTE format('CREATE TABLE orders_%s PARTITION OF orders FOR VALUES FROM (%L) TO (%L)',
     m, date '2025-01-01' + m * 31, date '2025-01-01' + (m + 1) * 31); END LOOP; END $$`,
  `INSERT INTO orders SELECT i, date '2025-01-01' + i % 372, 1 + i % 100000, i % 9999, md5(i::text)
     FROM generate_series(1, 400000) i`,
  // what does not compress
  'CREATE TABLE files (id int PRIMARY KEY, content bytea NOT NULL)',
  'ALTER TABLE files ALTER content SET STORAGE EXTERNAL',
  `INSERT INTO files SELECT f, (SELECT string_agg(sha256((f || '.' || i)::bytea), '' ORDER BY i)
     FROM generate_series(1, 8192) i) FROM generate_series(1, 256) f`,
  `DO $$ BEGIN FOR i IN 1..200 LOOP EXECUTE format('CREATE TABLE small_%s (id int PRIMARY KEY, name text)', i);
     EXECUTE format('INSERT INTO small_%s SELECT g, md5(g::text) FROM generate_series(1, 50) g', i); END LOOP; END $$`,
  'SELECT count(lo_from_bytea(0, sha256(i::text::bytea))) FROM generate_series(1, 2000) i',
  'CREATE MATERIALIZED VIEW turnover AS SELECT customer, sum(cents) AS cents FROM orders GROUP BY customer',
  'VACUUM ANALYZE',
];

/** A server with the database; whoever asks for it removes it. */
export async function createDatabase(): Promise<{ cluster: Cluster; admin: Session }> {
  const cluster = await createCluster({
    settings: {
      shared_buffers: '256MB',
      max_wal_size: '4GB',
      // a table of this size would be analyzed in the middle of something
      autovacuum: 'off',
    },
  });
  try {
    const { host, port, user } = cluster.target();
    const server = await connect(cluster.target(), 'workload', 'bench');
    await server.sql(`CREATE DATABASE ${DATABASE}`);
    await server.close();
    const env = { PGHOST: host, PGPORT: String(port), PGUSER: user, PGDATABASE: DATABASE };
    const made = await local.run(join(cluster.bin, 'pgbench'), ['-i', '-q', '-s', String(SCALE)], { env });
    if (made.exitCode !== 0) throw new Error(`pgbench -i failed: ${made.stderr}`);
    const admin = await connect(cluster.target({ database: DATABASE }), 'workload', 'bench');
    for (const statement of MORE) await admin.sql(statement);
    return { cluster, admin };
  } catch (error) {
    await cluster.remove();
    throw error;
  }
}
