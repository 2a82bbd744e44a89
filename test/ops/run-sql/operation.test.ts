import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { OpContext } from '../../../src/ops/engine/operation.ts';
import { type TestDatabase, testDatabase } from '../../support/cluster.ts';
import { cleanEnvironment, pgdeckHere, temporaryDirectory } from '../../support/program.ts';
import { carryOut } from '../engine/run/stage.ts';
import { contextIn, inDatabase } from '../restore/stage.ts';
import { concerns, type Done, done, planned } from '../role/stage.ts';

const home = temporaryDirectory();
let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.drop());
beforeEach(() => sql('DROP TABLE IF EXISTS t; CREATE TABLE t (id int PRIMARY KEY, v text)'));
const sql = (text: string) => inDatabase(db.database, (session) => session.sql(text));
const here = (): OpContext => contextIn(db.target(), home);
function file(text: string | Buffer, name = 'a.sql'): string {
  const path = join(home, name);
  writeFileSync(path, text);
  return path;
}
const run = (text: string, more: Record<string, unknown> = {}): Promise<Done> =>
  done('run-sql', { file: file(text), ...more }, here());
const plan = (text: string | Buffer, more: Record<string, unknown> = {}) =>
  planned('run-sql', { file: file(text), ...more }, here());

test('in one transaction, with what the server says of each', async () => {
  const {
    plan: planned,
    end,
    lines,
  } = await run(
    "\ufeff-- two rows\r\nINSERT INTO t VALUES (1, :'v'), (2, 'b');\r\nDO $$ BEGIN RAISE NOTICE 'hello'; END $$;\r\nUPDATE t SET v = 'c' WHERE id = 2;\r\n",
    { set: ["v=it's"] },
  );
  expect(end, end.text).toMatchObject({ ok: true });
  expect(planned.facts.find(({ label }) => label === 'Transaction')?.value).toMatch(/^one/);
  expect(planned.danger).toBe('confirm');
  expect(lines.map((line) => line.replace(/^.*a\.sql|\(.*\)/g, ''))).toEqual([
    expect.stringMatching(/^:2: INSERT, 2 rows/),
    'hello',
    expect.stringMatching(/^:3: DO/),
    expect.stringMatching(/^:4: UPDATE, 1 row/),
  ]);
  expect(await sql('SELECT v FROM t ORDER BY id')).toEqual([{ v: "it's" }, { v: 'c' }]);
});

test('the first that fails ends it, with its line; all of it is rolled back', async () => {
  const { end } = await run(
    'INSERT INTO t VALUES (1);\n\nINSERT INTO t\nVALUES (1);\nINSERT INTO t VALUES (3);',
  );
  expect(end).toMatchObject({
    status: 'failed',
    text: expect.stringMatching(/a\.sql.*3.*duplicate key/s),
    state: 'Statement 2 of 3 (line 3) failed. All of it was rolled back: the data is as it was.',
  });
  expect(await sql('SELECT FROM t')).toEqual([]);
});

test('what cannot be in a transaction is run one by one, and what was done before a failure stays', async () => {
  const { plan: planned, end } = await run(
    'INSERT INTO t VALUES (1);\nCREATE INDEX CONCURRENTLY t_v ON t (v);\nSELECT 1/0;\nINSERT INTO t VALUES (2);',
  );
  expect(planned.facts.find(({ label }) => label === 'Transaction')?.value).toMatch(
    /none, one by one: CREATE INDEX CONCURRENTLY cannot run in a transaction \(line 2\)/,
  );
  expect(end).toMatchObject({
    status: 'failed',
    state: 'Statement 3 of 4 (line 3) failed. Statements 1–2 are committed, to line 2, and stay.',
  });
  expect(await sql("SELECT id, to_regclass('t_v')::text AS i FROM t")).toEqual([{ id: 1, i: 't_v' }]);
  for (const alone of ['VACUUM t', 'ALTER SYSTEM RESET work_mem', 'CREATE DATABASE x'])
    expect((await plan(alone)).facts.find(({ label }) => label === 'Transaction')?.value).toMatch(/^none/);
});

test("the file's own transactions are its own: what is open when it fails is rolled back", async () => {
  const { end } = await run(
    'INSERT INTO t VALUES (1);\nBEGIN;\nINSERT INTO t VALUES (2);\nSELECT 1/0;\nCOMMIT;',
  );
  expect(end.state).toBe(
    "Statement 4 of 5 (line 4) failed. Statement 1 is committed, to line 1, and stay. What came after it in the file's own transaction was rolled back.",
  );
  expect(await sql('SELECT id FROM t')).toEqual([{ id: 1 }]);
});

test('what loses rows is told, backed up before, and confirmed by name', async () => {
  await sql("INSERT INTO t VALUES (1, 'x')");
  const { plan: planned, end } = await run('DELETE FROM t;');
  expect(planned).toMatchObject({ danger: 'type-name', subject: db.database });
  expect(concerns(planned).join()).toMatch(/delete_without_where: line 1/);
  expect(planned.steps.length).toBeGreaterThan(1);
  expect(end, end.text).toMatchObject({ ok: true, undo: expect.stringMatching(/^pgdeck restore /) });
  for (const [text, name] of [
    ['TRUNCATE t', 'truncate'],
    ['DROP TABLE t', 'drop_table'],
  ] as const) {
    await sql("INSERT INTO t VALUES (9, 'x') ON CONFLICT DO NOTHING");
    const without = await plan(text, { no_safety_backup: true });
    expect(concerns(without).join()).toContain(name);
    expect(without.steps.map(({ id }) => id)).toEqual(['run']);
    expect(without.undo).toBeUndefined();
  }
});

test.each([
  ['SELEC 1;', /a\.sql:1:1: syntax error/],
  ['SELECT 1;\n\\i b.sql', /a\.sql:2:1: .*\\i is a command of psql/],
  ['COPY t FROM stdin;\n1\tx\n\\.\n', /COPY … FROM stdin .* psql only|command of psql/],
  ['SELECT :x;', /a\.sql:1:8: The variable :x has no value: .*--set x=VALUE/],
  ['-- nothing\n', /has no statement/],
  [Buffer.from([0x53, 0xff, 0x0a]), /not UTF-8 \(line 1\)/],
  [Buffer.from('\ufeffSELECT 1', 'utf16le'), /UTF-16/],
  ['SELECT 1;\0', /NUL/],
  ['BEGIN; SELECT 1;', /BEGIN has no COMMIT/],
])('%j is refused before anything is run', async (text, why) => {
  await expect(plan(text)).rejects.toThrow(why);
});

test.each([
  [['x'], /gives no variable a value/],
  [['a=1', 'a=2'], /given twice/],
])('--set %j is refused', async (set, why) => {
  await expect(plan('SELECT :a;', { set })).rejects.toThrow(why);
});

test('a variable that stands nowhere is told; a secret is not in the journal', async () => {
  const made = await plan('SELECT 1;', { set: ['b=2', 'password=hunter2'] });
  expect(concerns(made)).toEqual(['warn Variables: b, password stand nowhere in the file.']);
  expect(JSON.stringify(made.input)).not.toContain('hunter2');
});

test('a file that changes between plan and run is not run', async () => {
  const made = await plan('INSERT INTO t VALUES (1);');
  file('INSERT INTO t VALUES (2);');
  expect((await carryOut(made, here())).end).toMatchObject({
    ok: false,
    text: expect.stringContaining('has changed since'),
  });
  expect(await sql('SELECT FROM t')).toEqual([]);
});

test('a deferred constraint that fails at the end rolls all of it back', async () => {
  await sql('ALTER TABLE t ADD COLUMN p int REFERENCES t DEFERRABLE INITIALLY DEFERRED');
  const { end } = await run('INSERT INTO t VALUES (1, NULL, 99);');
  expect(end).toMatchObject({ status: 'failed', state: 'All of it was rolled back: the data is as it was.' });
});

test('the command: exit codes, and read-only mode refuses', async () => {
  const path = file('INSERT INTO t VALUES (1);');
  const { host, port, user } = db.target();
  const command = (...args: string[]) =>
    pgdeckHere(
      ['-h', host, '-p', String(port), '-U', user, '-d', db.database, ...args],
      cleanEnvironment(home),
    );
  expect((await command('run-sql', path)).code).toBe(2);
  expect((await command('--read-only', 'run-sql', path, '--yes')).code).toBe(2);
  expect((await command('run-sql', path, '--yes')).code).toBe(0);
  expect((await command('run-sql', path, '--yes')).code).toBe(1);
  expect((await command('run-sql', join(home, 'nowhere.sql'), '--yes')).code).toBe(2);
  expect(await sql('SELECT id FROM t')).toEqual([{ id: 1 }]);
});
