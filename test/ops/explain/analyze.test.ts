import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { OpContext } from '../../../src/ops/engine/operation.ts';
import { type TestDatabase, testDatabase } from '../../support/cluster.ts';
import { cleanEnvironment, pgdeckHere, temporaryDirectory } from '../../support/program.ts';
import { contextIn, inDatabase } from '../restore/stage.ts';
import { done, planned } from '../role/stage.ts';

const home = temporaryDirectory();
const env = cleanEnvironment(home);
let db: TestDatabase;
const sql = (text: string) => inDatabase(db.database, (session) => session.sql(text));
const here = (): OpContext => contextIn(db.target(), home);
const plan = (text: string) => planned('explain analyze', { sql: text }, here());

beforeAll(async () => {
  db = await testDatabase();
  await sql(
    `CREATE TABLE t AS SELECT g AS id, g % 7 AS v FROM generate_series(1, 2000) g;
     CREATE SEQUENCE s; ANALYZE t;
     CREATE FUNCTION twice(n int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT n * 2';
     CREATE FUNCTION note(n int) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN n; END';
     CREATE FUNCTION noted(a int, b int) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RETURN a = b; END';
     CREATE OPERATOR ~~~ (LEFTARG = int, RIGHTARG = int, FUNCTION = noted);
     CREATE TYPE pair AS (a int, b int);
     CREATE FUNCTION paired(n int) RETURNS pair LANGUAGE plpgsql AS 'BEGIN RETURN (n, n); END';
     CREATE CAST (int AS pair) WITH FUNCTION paired(int);
     CREATE VIEW ids AS SELECT note(id) AS id FROM t;
     CREATE VIEW over_ids AS SELECT * FROM ids WHERE id > 0;
     CREATE VIEW numbers AS SELECT nextval('s') AS n;
     CREATE VIEW quiet AS SELECT twice(id) AS id FROM t`,
  );
});
afterAll(() => db.drop());

const pgdeck = (...args: string[]) => {
  const { host, port, database } = db.target();
  return pgdeckHere(['-h', host, '-p', String(port), '-U', 'postgres', '-d', database, ...args], env);
};
const rows = () =>
  sql('SELECT md5(string_agg(t::text, $$,$$ ORDER BY id)) AS sum, count(*)::int AS n FROM t');

test('a SELECT is run in a read-only transaction, and its plan has what it took', async () => {
  const {
    plan: planned,
    end,
    events,
  } = await done('explain analyze', { sql: 'SELECT v, count(*) FROM t GROUP BY v ORDER BY v' }, here());
  expect(planned).toMatchObject({ danger: 'none', writes: false });
  expect(planned.steps[0]?.preview).toMatch(
    /^BEGIN READ ONLY;\nSET LOCAL statement_timeout = '30s';\nEXPLAIN \(ANALYZE/,
  );
  expect(planned.checks).toContainEqual(expect.objectContaining({ title: 'Runs', status: 'warn' }));
  expect(end, end.text).toMatchObject({ ok: true });
  const finish = events.find((event) => event.type === 'finish');
  expect(finish).toMatchObject({
    outcome: { facts: { plan: [{ Plan: { 'Actual Rows': 7 }, 'Execution Time': expect.any(Number) }] } },
  });
});

test.each([
  ['UPDATE t SET v = 1', /UPDATE/, true],
  ['WITH gone AS (DELETE FROM t RETURNING id) SELECT count(*) FROM gone', /DELETE/, true],
  ['SELECT * FROM t FOR UPDATE', /locks the rows/, true],
  ['SELECT * INTO made FROM t', /makes a table/, true],
  ["SELECT nextval('s')", /nextval/, false],
  ['SELECT note(id) FROM t', /calls note/, false],
  ['SELECT * FROM ids', /calls note/, false],
  ['SELECT count(*) FROM over_ids', /calls note/, false],
  ['SELECT (SELECT max(n) FROM numbers) FROM t', /calls nextval/, false],
  ['SELECT * FROM t WHERE id ~~~ v', /calls the operator ~~~/, false],
  ['SELECT id::pair FROM t', /calls the cast to pair/, false],
])('%s is more than a SELECT', async (text, why, writes) => {
  const { danger, subject, checks, steps, writes: refusedWhereReadOnly } = await plan(text);
  expect({ danger, subject, refusedWhereReadOnly }).toEqual({
    danger: 'type-name',
    subject: db.database,
    refusedWhereReadOnly: true,
  });
  expect(checks.map(({ detail }) => detail).join('\n')).toMatch(why);
  expect(steps[0]?.preview).toMatch(writes ? /^BEGIN READ WRITE/ : /^BEGIN READ ONLY/);
});

test.each([
  'SELECT twice(id), random() FROM t',
  'VALUES (1)',
  '(SELECT 1) UNION SELECT 2',
  "SELECT id::text FROM quiet WHERE id > 1 AND '1'::int = ANY ('{1}')",
  'SELECT * FROM pg_catalog.pg_locks',
])('%s is a plain one', async (text) => expect((await plan(text)).danger).toBe('none'));

test('an UPDATE is refused without the name, and with it rolled back', async () => {
  const before = await rows();
  const args = ['explain', 'UPDATE t SET v = v + 1', '--analyze'];
  const refused = await pgdeck(...args, '--yes');
  expect(refused.code).toBe(2);
  expect(refused.stderr).toContain(`Add --confirm ${db.database} to do it.`);
  expect(await rows()).toEqual(before);
  const ran = await pgdeck(...args, '--confirm', db.database);
  expect(ran.code, ran.stderr).toBe(0);
  expect(ran.stdout).toMatch(/Update on t[\s\S]*Seq Scan on t/);
  expect(ran.stderr).toContain('The transaction was rolled back: no row was changed.');
  expect(await rows()).toEqual(before);
});

test.each([
  ['SELECT 1; DROP TABLE t', /holds 2 statements/],
  ['SELECT * FROM t WHERE id = $1', /has parameters/],
  ['VACUUM t', /Only SELECT/],
])('%s is not run', async (text, why) => {
  await expect(plan(text)).rejects.toThrow(why);
});

test('it is stopped when its time is up', async () => {
  const { end } = await done('explain analyze', { sql: 'SELECT pg_sleep(60)', timeout: 1 }, here());
  expect(end).toMatchObject({
    status: 'failed',
    text: expect.stringMatching(/statement timeout|timed out|timeout/i),
  });
});

test('a password in it is neither shown nor kept', async () => {
  const text = "SELECT v FROM t WHERE v::text = 'host=db password=geheim1' LIMIT 1";
  const { plan: planned, events, end } = await done('explain analyze', { sql: text }, here());
  expect(end, end.text).toMatchObject({ ok: true });
  expect(planned.input).not.toHaveProperty('sql');
  expect(planned.steps[0]?.preview).toContain('password=***');
  expect(JSON.stringify(events)).not.toContain('geheim1');
  expect(JSON.stringify(events)).toContain('password=***');
  const said = await pgdeck('explain', 'analyze', text, '--yes', '--json');
  expect(said.stdout + said.stderr).not.toContain('geheim1');
  const kept = readdirSync(home, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'));
  expect(kept.some((one) => one.includes('explain analyze'))).toBe(true);
  expect(kept.filter((one) => one.includes('geheim1'))).toEqual([]);
});

test('a function that only has the name of a harmless one is not taken for it', async () => {
  await sql("CREATE FUNCTION random(n int) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN n; END'");
  expect((await plan('SELECT public.random(1)')).danger).toBe('type-name');
  await sql('DROP FUNCTION random(int)');
  expect((await plan('SELECT random()')).danger).toBe('none');
});
