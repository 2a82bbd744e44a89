import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { horizonHolders } from '../../../../src/db/queries/horizon.ts';
import { tableBloat } from '../../../../src/db/queries/maintain/bloat.ts';
import { lockHolders } from '../../../../src/db/queries/maintain/locks.ts';
import { type MaintainTable, maintainTables } from '../../../../src/db/queries/maintain/tables.ts';
import { reindexBloat } from '../../../../src/db/queries/reindex/bloat.ts';
import type { Session } from '../../../../src/db/session.ts';
import { bloatUnknownText } from '../../../../src/ops/bloat.ts';
import { maintainMeasure } from '../../../../src/ops/maintain/queries/measure.ts';
import { app, begin, monitor, publish } from '../../../db/queries/session.ts';
import { client, type TestDatabase, testDatabase, until } from '../../../support/cluster.ts';

let db: TestDatabase;
let admin: Session;

beforeAll(async () => {
  db = await testDatabase();
  admin = await client(db.target(), 'admin');
});
afterAll(() => db.drop());

const oid = async (name: string) =>
  Number((await admin.sql(`SELECT '${name}'::regclass::oid AS oid`))[0]?.oid);

describe('what is due', () => {
  const due = async (name: string): Promise<MaintainTable> => {
    const rows = await (await monitor(db)).run(maintainTables, undefined);
    const found = rows.find((row) => row.name === name);
    if (!found) throw new Error(`no row of ${name}`);
    return found;
  };
  const options =
    'autovacuum_enabled = off, autovacuum_vacuum_threshold = 10, autovacuum_vacuum_scale_factor = 0.1';

  test('dead rows: above the threshold and its share of the rows, not at it', async () => {
    await publish(
      db,
      `CREATE TABLE at_it (id int) WITH (${options}, autovacuum_vacuum_insert_threshold = -1)`,
      'INSERT INTO at_it SELECT generate_series(1, 100)',
      'ANALYZE at_it',
      'DELETE FROM at_it WHERE id <= 20',
    );
    const row = await until(
      async () => {
        const seen = await due('at_it');
        return seen.dead === 20 && seen;
      },
      { what: 'counted rows' },
    );
    expect(row).toMatchObject({
      rows: 100,
      vacuum_at: 20,
      insert_at: null,
      vacuum_due: false,
      vacuum_pressure: 1,
      enabled: false,
      wraparound_due: false,
      vacuum_age_seconds: null,
    });
    expect(row.analyze_age_seconds).toBeGreaterThan(0);
    await publish(db, 'DELETE FROM at_it WHERE id = 21');
    await until(async () => (await due('at_it')).vacuum_due, { what: 'one dead row more' });
  });

  test('inserted rows, and changed ones', async () => {
    await publish(
      db,
      'CREATE TABLE filled (id int) WITH (autovacuum_enabled = off, autovacuum_vacuum_insert_threshold = 10, autovacuum_vacuum_insert_scale_factor = 0, autovacuum_analyze_threshold = 11, autovacuum_analyze_scale_factor = 0)',
      'INSERT INTO filled SELECT generate_series(1, 11)',
    );
    const row = await until(
      async () => {
        const seen = await due('filled');
        return seen.ins === 11 && seen;
      },
      { what: 'counted rows' },
    );
    expect(row).toMatchObject({
      insert_at: 10,
      vacuum_due: true,
      analyze_at: 11,
      analyze_due: false,
      mods: 11,
    });
    await publish(db, 'DELETE FROM filled WHERE id = 1');
    await until(async () => (await due('filled')).analyze_due, { what: 'one changed row more' });
  });

  test('from 18 on the threshold has an upper limit', async ({ skip }) => {
    if (admin.server.major < 18) skip('before 18');
    await publish(
      db,
      `CREATE TABLE limited (id int) WITH (${options}, autovacuum_vacuum_max_threshold = 15)`,
      'INSERT INTO limited SELECT generate_series(1, 1000)',
      'ANALYZE limited',
    );
    expect(await due('limited')).toMatchObject({ vacuum_at: 15 });
  });

  test('age: a table alone can only be earlier than the server', async () => {
    await publish(
      db,
      'CREATE TABLE aged (id int) WITH (autovacuum_freeze_max_age = 100000)',
      'CREATE TABLE calm (id int) WITH (autovacuum_freeze_max_age = 1999999999)',
    );
    const server = Number(
      (await admin.sql("SELECT current_setting('autovacuum_freeze_max_age') AS n"))[0]?.n,
    );
    expect(await due('aged')).toMatchObject({ freeze_max_age: 100_000, wraparound_due: false });
    expect((await due('calm')).freeze_max_age).toBe(server);
  });

  test('partitioned tables have no age, partitions name what they are part of, catalogs are told', async () => {
    await publish(
      db,
      'CREATE TABLE parent (id int) PARTITION BY LIST (id)',
      'CREATE TABLE child PARTITION OF parent FOR VALUES IN (1)',
    );
    const parent = await due('parent');
    expect(parent).toMatchObject({
      kind: 'p',
      xid_age: 0,
      vacuum_due: false,
      has_children: true,
      system: false,
    });
    expect(await due('child')).toMatchObject({ kind: 'r', partition_of: parent.oid });
    expect(await due('pg_class')).toMatchObject({ system: true });
  });

  test('who may: the owner, the owner of the database, and from 17 on who is granted MAINTAIN', async () => {
    await publish(db, 'CREATE TABLE guarded (id int)');
    const [nobody, owner, granted] = [await db.roleWith(), await db.roleWith(), await db.roleWith()];
    await publish(db, `ALTER TABLE guarded OWNER TO ${owner}`);
    const may = async (role: string) => {
      const rows = await (await monitor(db, role)).run(maintainTables, undefined);
      return rows.find(({ name }) => name === 'guarded')?.may;
    };
    expect([await may(nobody), await may(owner), await may('postgres')]).toEqual([false, true, true]);
    if (admin.server.major >= 17) {
      await publish(db, `GRANT MAINTAIN ON guarded TO ${granted}`);
      expect(await may(granted)).toBe(true);
      expect(await may(await db.roleWith('pg_maintain'))).toBe(true);
    }
    await publish(db, `ALTER DATABASE ${db.database} OWNER TO ${granted}`);
    expect(await may(granted)).toBe(true);
    const rows = await (await monitor(db, granted)).run(maintainTables, undefined);
    expect(rows.find(({ name }) => name === 'pg_class')?.may).toBe(true);
    expect(rows.find(({ name }) => name === 'pg_authid')?.may).toBe(false);
    await publish(
      db,
      `ALTER DATABASE ${db.database} OWNER TO postgres`,
      `DROP OWNED BY ${granted}`,
      'DROP TABLE guarded',
    );
  });
});

test('who is in the way: readers only of a rewrite, waiters behind them, indexes and TOAST too', async () => {
  await publish(db, 'CREATE TABLE busy (id int PRIMARY KEY, t text)');
  const table = await oid('busy');
  const reader = await app(db, undefined, 'reader');
  await reader.sql('BEGIN');
  await reader.sql('SELECT * FROM busy');
  const looking = await monitor(db);
  const ask = (mode: 'ShareUpdateExclusiveLock' | 'AccessExclusiveLock') =>
    looking.run(lockHolders, { oids: [table], mode });
  expect(await ask('ShareUpdateExclusiveLock')).toEqual([]);
  expect(await ask('AccessExclusiveLock')).toMatchObject([
    {
      table_oid: table,
      relation: 'public.busy',
      pid: reader.pid,
      granted: true,
      application_name: 'reader',
      state: 'idle in transaction',
    },
  ]);
  const waiting = await app(db, undefined, 'waiting');
  const waited = begin(waiting, 'ALTER TABLE busy ADD COLUMN more int');
  const both = await until(
    async () => {
      const rows = await ask('ShareUpdateExclusiveLock');
      return rows.length > 0 && rows;
    },
    { what: 'a waiter' },
  );
  expect(both).toMatchObject([{ pid: waiting.pid, granted: false }]);
  // no size is asked of a table that somebody waits for
  expect(await looking.run(maintainMeasure, { oids: [table] })).toMatchObject([
    { busy: true, total_bytes: null },
  ]);
  await reader.sql('COMMIT');
  expect(await waited).toBeUndefined();
  expect(await looking.run(maintainMeasure, { oids: [table] })).toMatchObject([
    { busy: false, pages: 0, tablespace: 'pg_default', directory: expect.stringMatching(/^\//) },
  ]);
});

test('what keeps dead rows: a transaction with a snapshot', async () => {
  const holder = await app(db, undefined, 'horizon');
  await holder.sql('BEGIN ISOLATION LEVEL REPEATABLE READ');
  await holder.sql('SELECT 1');
  await publish(db, 'CREATE TABLE younger (id int)', 'DROP TABLE younger');
  const rows = await (await monitor(db)).run(horizonHolders, { limit: 50 });
  const found = rows.find(({ id }) => id === String(holder.pid));
  expect(found).toMatchObject({
    kind: 'session',
    database: db.database,
    detail: 'postgres horizon idle in transaction',
  });
  expect(found?.xids).toBeGreaterThanOrEqual(2);
  await holder.sql('COMMIT');
});

test('bloat: what half of the rows left behind, less what a fillfactor keeps free; unknown without statistics', async () => {
  await publish(
    db,
    'CREATE TABLE half (id int, t text) WITH (autovacuum_enabled = off)',
    "INSERT INTO half SELECT i, repeat('x', 100) FROM generate_series(1, 20000) i",
    'DELETE FROM half WHERE id % 2 = 0',
    'CREATE TABLE airy (id int, t text) WITH (autovacuum_enabled = off, fillfactor = 70)',
    "INSERT INTO airy SELECT i, repeat('x', 100) FROM generate_series(1, 20000) i",
    'CREATE TABLE widened (id int, t text) WITH (autovacuum_enabled = off)',
    "INSERT INTO widened SELECT i, 'x' FROM generate_series(1, 20000) i",
    'CREATE INDEX widened_t ON widened (t, id)',
    'CREATE TABLE unseen AS SELECT i AS id FROM generate_series(1, 20000) i',
    'VACUUM unseen',
    'CREATE TABLE secret WITH (autovacuum_enabled = off) AS SELECT i AS id FROM generate_series(1, 20000) i',
    'ALTER TABLE secret ENABLE ROW LEVEL SECURITY',
  );
  // in a session of its own: one that writes publishes what it wrote after its ANALYZE
  await publish(db, 'VACUUM ANALYZE half, airy, widened, secret');
  await publish(db, 'UPDATE widened SET t = repeat(md5(id::text), 10)');
  await publish(db, 'VACUUM widened');
  await admin.sql('CREATE EXTENSION IF NOT EXISTS pgstattuple');
  const rows = await (await monitor(db)).run(tableBloat, { limit: 10 });
  const of = async (name: string) => {
    const wanted = await oid(name);
    return rows.find((row) => row.oid === wanted);
  };
  expect((await of('half'))?.bloat_share).toBeCloseTo(0.5, 1);
  expect((await of('half'))?.bloat_bytes).toBeGreaterThan(1_000_000);
  expect((await of('airy'))?.bloat_share).toBeLessThan(0.05);
  expect(await of('unseen')).toMatchObject({ bloat_share: null, unknown: 'no_statistics' });
  // VACUUM alone knows nothing of the new widths: this looks like 90 % of air
  const old = { bloat_bytes: null, unknown: 'old' };
  expect(await of('widened')).toMatchObject({ ...old, bloat_share: null });
  const index = await oid('widened_t');
  const indexes = await (await monitor(db)).run(reindexBloat, { limit: 10 });
  expect(indexes.find((row) => row.oid === index)).toMatchObject(old);
  expect(bloatUnknownText('old')).toBe('not known: statistics are old (ANALYZE)');
  // who may not read a table does not see its statistics
  const role = await db.roleWith('pg_monitor');
  await admin.sql(`GRANT SELECT ON secret TO ${role}`);
  const session = await monitor(db, role);
  const blind = await session.run(tableBloat, { limit: 10 });
  const hidden = await oid('secret');
  for (const row of blind)
    expect(row).toMatchObject({
      bloat_share: null,
      unknown: row.oid === hidden ? 'row_security' : 'rights',
    });
  expect((await session.run(reindexBloat, { limit: 10 })).map(({ unknown }) => unknown)).toContain('rights');

  await publish(db, 'ANALYZE widened');
  const [measured] = await admin.sql('SELECT approx_free_percent / 100 AS free FROM pgstattuple_approx($1)', [
    await oid('widened'),
  ]);
  const after = await (await monitor(db)).run(tableBloat, { limit: 10 });
  const widened = await oid('widened');
  expect(after.find((row) => row.oid === widened)?.bloat_share).toBeCloseTo(Number(measured?.free), 0.9);
});
