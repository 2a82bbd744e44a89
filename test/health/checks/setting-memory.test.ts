import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Session } from '../../../src/db/client.ts';
import { settingMemory } from '../../../src/health/checks/setting-memory.ts';
import { client, type TestDatabase, testDatabase, until } from '../../support/cluster.ts';
import { lookAt } from '../stage.ts';

const MB = 1024 ** 2;
let db: TestDatabase;
let admin: Session;
beforeAll(async () => {
  db = await testDatabase();
  admin = await client(db.target());
});
afterAll(async () => {
  await workMem('DEFAULT');
  await db.drop();
});

async function workMem(value: string): Promise<void> {
  await admin.sql(`ALTER SYSTEM SET work_mem = ${value}`);
  await admin.sql('SELECT pg_reload_conf()');
  const wanted = value === 'DEFAULT' ? '4MB' : value.replaceAll("'", '');
  await until(async () => (await admin.sql('SHOW work_mem'))[0]?.work_mem === wanted, { what: 'work_mem' });
}

const lookWith = (bytes: number) =>
  lookAt(db.target(), { checks: [settingMemory], outside: { memory: { known: bytes } } });
const ids = async (bytes: number) => (await lookWith(bytes)).findings.map(({ id }) => id).sort();

test('what may be taken is compared with what the machine has', async () => {
  expect(await ids(65_536 * MB)).toEqual([]);
  expect(await ids(300 * MB)).toEqual(['setting_memory:maintenance_work_mem', 'setting_memory:work_mem']);
  expect(await ids(200 * MB)).toContain('setting_memory:shared_buffers');
});

test('work_mem is that of the server, and not what pgdeck has set for itself', async () => {
  await workMem("'1GB'");
  expect((await lookWith(65_536 * MB)).findings).toEqual([]);
  expect((await lookWith(32_768 * MB)).findings).toMatchObject([
    {
      id: 'setting_memory:work_mem',
      title: expect.stringContaining('60 connections with 1.0 GB of work_mem'),
    },
  ]);
});

test('without the memory of the machine the size of the database still tells, and the rest is unknown', async () => {
  const look = () =>
    lookAt(db.target(), { checks: [settingMemory], outside: { memory: { unknown: 'far away' } } });
  const unknown = [{ check: 'setting_memory', reason: 'far away' }];
  expect(await look()).toMatchObject({ findings: [], unknown });
  await admin.sql('CREATE TABLE large (id int)');
  await admin.sql("UPDATE pg_class SET relpages = 20000000 WHERE relname = 'large'");
  expect(await look()).toMatchObject({
    findings: [{ id: 'setting_memory:shared_buffers' }, { id: 'setting_memory:maintenance_work_mem' }],
    unknown,
  });
});
