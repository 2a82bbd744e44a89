import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestDatabase, testDatabase } from '../../../support/cluster.ts';
import { temporaryDirectory } from '../../../support/program.ts';
import { contextIn, databasesLike, dropLike, inDatabase } from '../../restore/stage.ts';
import { concerns, done, planned, takenBack } from '../../role/stage.ts';

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

test('made as it is asked to be, and dropped by its undo as long as it is empty', async () => {
  const name = `${db.database} "Q"`;
  const owner = await db.roleWith();
  const { plan, end } = await done(
    'db create',
    { name, owner, encoding: 'UTF8', locale: 'C', connection_limit: 7, closed: true, comment: "it's" },
    here(),
  );
  expect(end, end.text).toMatchObject({ ok: true, undo: `pgdeck undo ${end.run}` });
  expect(plan.steps[0]?.preview).toBe(
    `CREATE DATABASE "${name.replaceAll('"', '""')}" OWNER "${owner}" TEMPLATE "template0" ENCODING 'UTF8' LOCALE 'C' CONNECTION LIMIT 7;`,
  );
  const [row] = await admin(
    `SELECT datdba::regrole::text AS owner, datcollate, datconnlimit, datacl::text AS acl, shobj_description(oid, 'pg_database') AS comment FROM pg_database WHERE datname = '${name}'`,
  );
  expect(row).toMatchObject({ owner, datcollate: 'C', datconnlimit: 7, comment: "it's" });
  expect(String(row?.acl)).not.toMatch(/[{,]=Tc/);
  await inDatabase(name, (session) => session.sql('CREATE TABLE t ()'));
  expect((await takenBack(end.run, here())).end).toMatchObject({
    ok: false,
    text: expect.stringContaining('1 table by now'),
  });
  await inDatabase(name, (session) => session.sql('DROP TABLE t'));
  const back = await takenBack(end.run, here());
  expect(back.end, back.end.text).toMatchObject({ ok: true });
  expect(await databasesLike(name)).toEqual([]);
});

test.each([
  [{ owner: 'nobody' }, /There is no role nobody/],
  [{ template: 'nothing' }, /There is no database nothing/],
  [{ encoding: 'KLINGON' }, /KLINGON is no encoding/],
  [{ tablespace: 'nowhere' }, /There is no tablespace nowhere/],
  [{ locale: 'xx_YY' }, /warn Locale/],
  [{ name: 'postgres' }, /There is a database postgres already/],
  [{ name: 'x'.repeat(64) }, /longer than 63 bytes/],
  [{ name: 'a__before_20260101T000000' }, /a copy that pgdeck makes/],
])('%j is told before', async (wish, why) => {
  expect(concerns(await planned('db create', { name: `${db.database}_n`, ...wish }, here())).join()).toMatch(
    why,
  );
});

test('who may not create databases is told before', async () => {
  const plain = await db.roleWith();
  expect(concerns(await planned('db create', { name: `${db.database}_n` }, here(plain))).join()).toMatch(
    /may not create databases/,
  );
});

test('what does not go together is refused', async () => {
  await expect(planned('db create', { name: 'n', provider: 'icu' }, here())).rejects.toThrow(
    /is needed with the provider icu/,
  );
  await expect(planned('db create', { name: 'n', icu_locale: 'de' }, here())).rejects.toThrow(
    /of the provider icu only/,
  );
});
