import { afterAll, beforeAll, expect, test } from 'vitest';
import { client, serverTarget, type TestDatabase, testDatabase, throwawayCluster, until } from './cluster.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.drop());

test('a test database is its own and has the statistics of statements', async () => {
  const session = await client(db.target());
  expect(session.server.database).toBe(db.database);
  const [row] = await session.sql('SELECT count(*) > 0 AS some FROM pg_stat_statements');
  expect(row).toEqual({ some: true });
});

test('roles have what was asked for and nothing else', async () => {
  const plain = await client(db.target(await db.roleWith()));
  const monitor = await client(db.target(await db.roleWith('pg_monitor')));
  const superuser = await client(db.target(await db.roleWith('superuser')));
  const rights = [plain, monitor, superuser].map((s) => [
    s.server.rights.superuser,
    s.server.rights.pg_monitor,
  ]);
  expect(rights).toEqual([
    [false, false],
    [false, true],
    [true, true],
  ]);
});

test('dropping a database closes its sessions and leaves no role', async () => {
  const other = await testDatabase();
  const role = await other.roleWith('pg_monitor');
  const session = await client(other.target(role));
  await other.drop();
  expect(session.lost).toBe(true);
  const admin = await client({ ...serverTarget(), database: db.database });
  const rows = await admin.sql(
    'SELECT rolname FROM pg_roles WHERE rolname = $1 UNION SELECT datname FROM pg_database WHERE datname = $2',
    [role, other.database],
  );
  expect(rows).toEqual([]);
});

test('until returns the value that it waited for, and says what it waited for in vain', async () => {
  let n = 0;
  await expect(until(() => (++n > 3 ? n : undefined), { what: 'n' })).resolves.toBe(4);
  await expect(until(() => false, { what: 'the moon', timeout: 20 })).rejects.toThrow('the moon');
});

test('a cluster of its own has the settings asked for', async () => {
  const cluster = await throwawayCluster({ max_connections: '17' });
  try {
    const session = await client(cluster.target());
    expect(await session.sql('SHOW max_connections')).toEqual([{ max_connections: '17' }]);
    await session.close();
  } finally {
    await cluster.remove();
  }
});
