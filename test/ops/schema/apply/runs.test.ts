import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Session } from '../../../../src/db/session.ts';
import { runChecks } from '../../../../src/ops/schema/apply/runs.ts';
import { takeSchemaSnapshot } from '../../../../src/ops/schema/snapshot.ts';
import { client, type TestDatabase, testDatabase } from '../../../support/cluster.ts';
import { additionsBetween } from '../fix/stage.ts';

let good: TestDatabase;
let bad: TestDatabase;
let goodSession: Session;
let session: Session;

const BOTH = `CREATE SCHEMA app; CREATE TABLE app.t (id int);
CREATE FUNCTION app.known(n int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT n'`;

beforeAll(async () => {
  [good, bad] = await Promise.all([testDatabase(), testDatabase()]);
  [goodSession, session] = await Promise.all([client(good.target()), client(bad.target())]);
  for (const one of [goodSession, session]) await one.sql(BOTH);
});
afterAll(async () => {
  await good.drop();
  await bad.drop();
});

const FUNCTION = `CREATE FUNCTION app.f(n int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN n; END';`;

/** What is warned of when this is missing: `app.m: app.f()`. */
async function warned(missing: string): Promise<string[]> {
  await goodSession.sql(`BEGIN; ${missing}; COMMIT`);
  const additions = additionsBetween(
    await takeSchemaSnapshot(session),
    await takeSchemaSnapshot(goodSession),
  );
  await goodSession.sql(`DROP SCHEMA app CASCADE; DROP EVENT TRIGGER IF EXISTS watching; ${BOTH}`);
  return runChecks(session, additions).map(({ title, detail }) => `${title}: ${detail}`);
}

test.each([
  ['a materialized view', 'CREATE MATERIALIZED VIEW app.m AS SELECT app.f(1)', 'app.m'],
  ['a default', 'ALTER TABLE app.t ADD x int DEFAULT app.f(1)', 'app.t.x'],
  ['a CHECK', 'ALTER TABLE app.t ADD CONSTRAINT c CHECK (app.f(id) > 0)', 'app.t.c'],
  ['an index', 'CREATE INDEX i ON app.t (app.f(id))', 'app.i'],
  [
    'a materialized view of a view of a view',
    'CREATE VIEW app.a AS SELECT app.f(1); CREATE VIEW app.b AS SELECT * FROM app.a; CREATE MATERIALIZED VIEW app.m AS SELECT * FROM app.b',
    'app.m',
  ],
  [
    'a column of a domain',
    'CREATE DOMAIN app.d AS int CHECK (app.f(VALUE) > 0); ALTER TABLE app.t ADD x app.d DEFAULT 1',
    'app.t.x',
  ],
])('a function of the file that %s would run is warned of', async (_, sql, title) => {
  expect(await warned(`${FUNCTION} ${sql}`)).toEqual([
    `${title}: app.f() of the expected structure is run for it, with the rights of postgres. Read it first.`,
  ]);
});

test('what would be run for others, with whose rights', async () => {
  expect(
    await warned(`CREATE FUNCTION app.g() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
      CREATE EVENT TRIGGER watching ON ddl_command_end EXECUTE FUNCTION app.g();
      CREATE FUNCTION app.h() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'`),
  ).toEqual([
    'app.h: It is SECURITY DEFINER: who may call it has the rights of postgres in it. Read it first.',
    'watching: From then on app.g() is run, with the rights of whoever changes the structure. Read it first.',
  ]);
});

test('what runs nothing, or what the database has already, is no warning', async () => {
  expect(
    await warned(`${FUNCTION} CREATE VIEW app.v AS SELECT app.f(1); CREATE MATERIALIZED VIEW app.m AS SELECT app.known(1);
      CREATE FUNCTION app.s() RETURNS text LANGUAGE sql AS 'SELECT '' SECURITY DEFINER '''`),
  ).toEqual([]);
});
