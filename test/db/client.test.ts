import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect } from '../../src/db/client.ts';
import { client, type TestDatabase, testDatabase } from '../support/cluster.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.drop());

test('idle_session_timeout of the server ends no connection that watches, and that of an application', async () => {
  const role = await db.roleWith('pg_monitor');
  const admin = await client(db.target());
  if (admin.server.major < 14) return;
  await admin.sql(`ALTER ROLE "${role}" SET idle_session_timeout = '5min'`);
  const shown: unknown[] = [];
  for (const purpose of ['control', 'slow', 'workload'] as const) {
    const session = await connect(db.target(role), purpose);
    shown.push(...(await session.sql('SHOW idle_session_timeout')).map((row) => row.idle_session_timeout));
    await session.close();
  }
  expect(shown).toEqual(['0', '0', '5min']);
});

test('a database that is not there is named, also when it is another one than was connected to', async () => {
  const session = await client(db.target());
  await expect(session.sql('ALTER DATABASE "no where" RENAME TO somewhere')).rejects.toMatchObject({
    kind: 'no_database',
    message: 'Database "no where" does not exist.',
    next: expect.stringContaining('pgdeck show database'),
  });
  await expect(connect({ ...db.target(), database: 'nowhere' }, 'slow')).rejects.toThrow(
    /^The database nowhere does not exist on postgres@/,
  );
});

test('what pgdeck asks for itself carries its mark, what people wrote does not', async () => {
  const watcher = await client(db.target());
  for (const purpose of ['fast', 'slow', 'control', 'operation', 'migration', 'workload'] as const) {
    const session = await connect(db.target(), purpose);
    await session.sql('SELECT 4711 AS n');
    const [row] = await watcher.sql('SELECT query FROM pg_stat_activity WHERE pid = $1', [session.pid]);
    const own = purpose !== 'migration' && purpose !== 'workload';
    expect([purpose, row?.query]).toEqual([
      purpose,
      own ? 'SELECT /* pgdeck */ 4711 AS n' : 'SELECT 4711 AS n',
    ]);
    await session.close();
  }
});
