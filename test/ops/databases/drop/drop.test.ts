import { afterAll, beforeAll, expect, test } from 'vitest';
import { client, type TestDatabase, testDatabase } from '../../../support/cluster.ts';
import { cleanEnvironment, pgdeckHere, temporaryDirectory } from '../../../support/program.ts';
import { contextIn, databasesLike, dropLike, inDatabase } from '../../restore/stage.ts';
import { concerns, done, planned } from '../../role/stage.ts';

const home = temporaryDirectory();
let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(async () => {
  await dropLike(db.database);
  await db.drop();
});
const here = (role?: string) => contextIn({ ...db.target(role), database: 'postgres' }, home);
const admin = (sql: string) => inDatabase('postgres', (session) => session.sql(sql));
async function made(name: string): Promise<string> {
  const database = `${db.database}_${name}`;
  await admin(`CREATE DATABASE "${database}"`);
  await inDatabase(database, (session) => session.sql('CREATE TABLE t AS SELECT 7 AS n'));
  return database;
}

test('dropped after a backup, which brings it back', async () => {
  const name = await made('one');
  await admin(`ALTER DATABASE "${name}" SET work_mem = '5MB'`);
  const { plan, end } = await done('db drop', { name }, here());
  expect(end, end.text).toMatchObject({
    ok: true,
    undo: expect.stringMatching(`^pgdeck restore .* --into ${name}$`),
  });
  expect(plan).toMatchObject({ danger: 'type-name', subject: name, writes: true });
  expect(plan.steps.at(-1)?.preview).toBe(`DROP DATABASE "${name}";`);
  expect(await databasesLike(name)).toEqual([]);
  const back = await done('restore', { backup: end.undo?.split(' ')[2], into: name }, here());
  expect(back.end, back.end.text).toMatchObject({ ok: true });
  expect(
    await inDatabase(name, (session) => session.sql("SELECT n, current_setting('work_mem') AS m FROM t")),
  ).toEqual([{ n: 7, m: '5MB' }]);
});

test('who is in it is told, and ended only when that is asked for', async () => {
  const name = await made('busy');
  const session = await client({ ...db.target(), database: name }, 'shop');
  const plan = await planned('db drop', { name, no_safety_backup: true }, here());
  expect(concerns(plan)).toContainEqual(
    expect.stringMatching(/^block Sessions: 1 session in .* \(shop of postgres\).*--end-sessions/),
  );
  const { plan: forced, end } = await done(
    'db drop',
    { name, no_safety_backup: true, end_sessions: true },
    here(),
  );
  expect(end, end.text).toMatchObject({ ok: true, undo: null });
  expect(forced.steps.at(-1)?.preview).toBe(`DROP DATABASE "${name}" WITH (FORCE);`);
  expect(forced.consequence).toContain('no way back');
  await session.close();
});

test.each(['postgres', 'template1', 'template0'])('%s stays', async (name) => {
  expect(concerns(await planned('db drop', { name }, here())).join()).toMatch(/^block Database: /);
  expect(concerns(await planned('db reset', { name }, here())).join()).toMatch(/^block Database: /);
});

test('templates, foreign owners and prepared transactions stand in the way', async () => {
  const name = await made('tied');
  const plain = await db.roleWith();
  expect(concerns(await planned('db drop', { name }, here(plain))).join()).toMatch(/belongs to postgres/);
  await admin(`ALTER DATABASE "${name}" IS_TEMPLATE true`);
  expect(concerns(await planned('db drop', { name }, here())).join()).toMatch(/is a template/);
  await admin(`ALTER DATABASE "${name}" IS_TEMPLATE false`);
  await inDatabase(name, (session) =>
    session.sql("BEGIN; INSERT INTO t VALUES (1); PREPARE TRANSACTION 'tied'"),
  );
  expect(concerns(await planned('db drop', { name }, here())).join()).toMatch(
    /1 prepared transaction \(tied\)/,
  );
  await inDatabase(name, (session) => session.sql("ROLLBACK PREPARED 'tied'"));
  await expect(planned('db drop', { name: 'no such' }, here())).rejects.toThrow(/no database no such/);
});

test('another database of that name is not dropped in its place', async () => {
  const name = await made('moved');
  const plan = await planned('db drop', { name, no_safety_backup: true }, here());
  await admin(`DROP DATABASE "${name}"`);
  await admin(`CREATE DATABASE "${name}"`);
  const { carryOut } = await import('../../engine/run/stage.ts');
  expect((await carryOut(plan, here())).end).toMatchObject({
    ok: false,
    text: expect.stringContaining('Nothing was done to it'),
  });
  expect(await databasesLike(name)).toEqual([name]);
});

test('a typed name that is not the database drops nothing; read-only mode refuses', async () => {
  const name = await made('typo');
  const { host, port, user } = db.target();
  const run = (...args: string[]) =>
    pgdeckHere(
      ['-h', host, '-p', String(port), '-U', user, '-d', 'postgres', ...args],
      cleanEnvironment(home),
    );
  for (const answer of [['--confirm', `${name}x`], ['--confirm', name.slice(0, -1)], ['--yes']])
    expect((await run('db', 'drop', name, '--no-safety-backup', ...answer)).code).toBe(2);
  const refused = await run('--read-only', 'db', 'drop', name, '--no-safety-backup', '--confirm', name);
  expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('--no-read-only')]);
  const reset = await run('--read-only', 'db', 'reset', name, '--no-safety-backup', '--confirm', name);
  expect(reset.code).toBe(2);
  expect(await databasesLike(name)).toEqual([name]);
  expect((await run('db', 'drop', name, '--no-safety-backup', '--confirm', name)).code).toBe(0);
  expect(await databasesLike(name)).toEqual([]);
});
