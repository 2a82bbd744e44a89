import { afterAll, beforeAll, expect, test } from 'vitest';
import { client, type TestDatabase, testDatabase } from '../../../support/cluster.ts';
import { temporaryDirectory } from '../../../support/program.ts';
import { contextIn, databasesLike, dropLike, inDatabase } from '../../restore/stage.ts';
import { concerns, done, planned, takenBack } from '../../role/stage.ts';

const home = temporaryDirectory();
let db: TestDatabase;
let name: string;
beforeAll(async () => {
  db = await testDatabase();
  name = `${db.database}_x`;
  const owner = await db.roleWith();
  await admin(`CREATE DATABASE "${name}" OWNER ${owner}`);
  await admin(`COMMENT ON DATABASE "${name}" IS 'the shop'`);
  await admin(`ALTER DATABASE "${name}" SET work_mem = '6MB'`);
  await admin(`REVOKE CONNECT ON DATABASE "${name}" FROM PUBLIC`);
});
afterAll(async () => {
  await dropLike(db.database);
  await db.drop();
});
const here = (role?: string) => contextIn({ ...db.target(role), database: 'postgres' }, home);
const admin = (sql: string) => inDatabase('postgres', (session) => session.sql(sql));
const within = (sql: string) => inDatabase(name, (session) => session.sql(sql));
const facts = () =>
  admin(
    `SELECT datdba::regrole::text AS owner, encoding, datcollate, (SELECT array_agg(x::text ORDER BY x::text) FROM unnest(datacl) x) AS acl, shobj_description(oid, 'pg_database') AS comment,
     (SELECT setconfig::text FROM pg_db_role_setting WHERE setdatabase = d.oid) AS settings FROM pg_database d WHERE datname = '${name}'`,
  );

test('made anew: like it was, without what was in it; kept, listed, and taken back', async () => {
  await within(
    'CREATE TABLE t AS SELECT 1 AS n; CREATE SCHEMA ext; CREATE EXTENSION IF NOT EXISTS pg_stat_statements SCHEMA ext',
  );
  const before = await facts();
  const { plan, end } = await done('db reset', { name }, here());
  expect(end, end.text).toMatchObject({ ok: true, undo: `pgdeck undo ${end.run}` });
  expect(plan).toMatchObject({ danger: 'type-name', subject: name });
  expect(await facts()).toEqual(before);
  expect(
    await within(
      "SELECT to_regclass('t') AS t, extnamespace::regnamespace::text AS ns FROM pg_extension WHERE extname = 'pg_stat_statements'",
    ),
  ).toEqual([{ t: null, ns: 'ext' }]);
  const kept = (await databasesLike(name)).filter((one) => one !== name);
  expect(kept).toEqual([expect.stringMatching(/__before_/)]);
  const back = await takenBack(end.run, here());
  expect(back.end, back.end.text).toMatchObject({ ok: true });
  expect(back.plan.title).toBe(`Undo the reset of ${name}`);
  expect(await within('SELECT n FROM t')).toEqual([{ n: 1 }]);
  expect(await facts()).toEqual(before);
});

test('who is in it stands in the way, unless they are to be ended', async () => {
  const session = await client({ ...db.target(), database: name }, 'shop');
  expect(concerns(await planned('db reset', { name, no_safety_backup: true }, here())).join()).toMatch(
    /block Sessions: .*--end-sessions/,
  );
  const { end } = await done(
    'db reset',
    { name, no_safety_backup: true, end_sessions: true, no_extensions: true },
    here(),
  );
  expect(end, end.text).toMatchObject({ ok: true });
  await session.close();
});

test('emptied: what is in the schemas goes, the rest stays', async () => {
  await within(
    `CREATE EXTENSION IF NOT EXISTS pg_stat_statements; CREATE SCHEMA "My Own"; GRANT USAGE ON SCHEMA "My Own" TO PUBLIC;
     CREATE TABLE p (id int PRIMARY KEY, s serial); CREATE TABLE c (id int REFERENCES p, g int GENERATED ALWAYS AS IDENTITY); CREATE VIEW v AS SELECT * FROM p;
     CREATE MATERIALIZED VIEW m AS SELECT * FROM p; CREATE SEQUENCE "My Own".q; CREATE TYPE mood AS ENUM ('a'); CREATE DOMAIN "My Own".d AS int;
     CREATE TYPE pair AS (a int, b mood); CREATE TYPE r AS RANGE (subtype = int);
     CREATE FUNCTION f(int, text DEFAULT 'x') RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE PROCEDURE pr() LANGUAGE sql AS '';
     CREATE AGGREGATE agg(int) (SFUNC = int4pl, STYPE = int); CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq);
     CREATE COLLATION col FROM "C"; CREATE STATISTICS st ON id, s FROM p; CREATE TEXT SEARCH CONFIGURATION tc (COPY = simple);
     CREATE TABLE part (id int) PARTITION BY RANGE (id); CREATE TABLE part1 PARTITION OF part DEFAULT;
     CREATE OPERATOR FAMILY fam USING btree; SELECT lo_create(0)`,
  );
  const { plan, end } = await done('db reset', { name, keep_database: true }, here());
  expect(end, end.text).toMatchObject({ ok: true, undo: expect.stringMatching(/^pgdeck restore /) });
  expect(concerns(plan).join()).toMatch(/1 large object of it is in no schema/);
  expect(plan.facts.find(({ label }) => label === 'Goes')?.value).toMatch(/3 tables/);
  const again = await planned('db reset', { name, keep_database: true }, here());
  expect(again.facts.find(({ label }) => label === 'Goes')?.value).toBe('nothing');
  expect(again.steps).toEqual([]);
  expect(
    await within(
      `SELECT count(*) FILTER (WHERE nspname = 'My Own' AND nspacl IS NOT NULL)::int AS schema, (SELECT count(*)::int FROM pg_extension WHERE extname = 'pg_stat_statements') AS ext, (SELECT count(*)::int FROM pg_stat_statements) > 0 AS works FROM pg_namespace`,
    ),
  ).toEqual([{ schema: 1, ext: 1, works: true }]);
});

test("others' objects stay, and are told", async () => {
  const role = await db.roleWith();
  await within(
    `GRANT ALL ON SCHEMA public TO ${role}; CREATE TABLE theirs (); CREATE TABLE mine (); ALTER TABLE mine OWNER TO ${role}`,
  );
  await admin(`GRANT CONNECT ON DATABASE "${name}" TO ${role}`);
  const { plan, end } = await done(
    'db reset',
    { name, keep_database: true, no_safety_backup: true },
    here(role),
  );
  expect(end, end.text).toMatchObject({ ok: true, undo: null });
  expect(concerns(plan).join()).toMatch(
    /1 object of postgres \(public\.theirs\) may not be dropped by .*, and stay/,
  );
  expect(
    await within("SELECT to_regclass('theirs')::text AS theirs, to_regclass('mine')::text AS mine"),
  ).toEqual([{ theirs: 'theirs', mine: null }]);
});
