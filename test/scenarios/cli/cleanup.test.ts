import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Session } from '../../../src/db/session.ts';
import { client, type TestDatabase, testDatabase } from '../../support/cluster.ts';
import { cleanEnvironment, pgdeck, temporaryDirectory } from '../../support/program.ts';

let db: TestDatabase;
let session: Session;
const home = temporaryDirectory();
const archive = join(home, 'archive');

beforeAll(async () => {
  db = await testDatabase();
  session = await client(db.target());
  for (const table of ['ev', 'log']) {
    await session.sql(`CREATE TABLE ${table} (id int PRIMARY KEY, at timestamptz)`);
    await session.sql(
      `INSERT INTO ${table} SELECT i, now() - i * interval '1 day' - interval '1 hour' FROM generate_series(1, 20) i`,
    );
  }
});
afterAll(() => db.drop());

function connection() {
  const { host, port, user, database } = db.target();
  return ['-h', host, '-p', String(port), '-U', user, '-d', database];
}

const run = (args: readonly string[], env: Record<string, string> = {}) =>
  pgdeck(['cleanup', ...args, ...connection()], cleanEnvironment(home, env));

const rows = async (table: string) =>
  (await session.sql(`SELECT count(*)::int AS rows FROM ${table}`))[0]?.rows;

const EV = ['--table', 'ev', '--column', 'at', '--older-than', '10d', '--archive', archive];

test('without --execute it says what would go, and does nothing; with it it wants the name', async () => {
  const dry = await run(EV);
  expect(dry.code, dry.stderr).toBe(0);
  expect(dry.stdout).toMatch(/Rows +11 to delete/);
  expect(dry.stdout).toMatch(/DELETE FROM ONLY "public"\."ev" c WHERE/);
  expect(dry.stderr).toContain('Nothing was done: this is what --execute would do.');
  expect(await rows('ev')).toBe(20);
  const bare = await run([...EV, '--execute', '--yes']);
  expect(bare.code).toBe(2);
  expect(bare.stderr).toContain('Add --confirm public.ev to do it.');
  const wrong = await run([...EV, '--execute', '--confirm', 'ev']);
  expect(wrong.code).toBe(2);
  expect(await rows('ev')).toBe(20);
  const json = JSON.parse((await run([...EV, '--json'])).stdout);
  expect(json).toMatchObject({ operation: 'cleanup', subject: 'public.ev', blocked: false });
});

test('what was deleted comes back by cleanup restore, whose flags are its own', async () => {
  const done = await run([...EV, '--execute', '--confirm', 'public.ev', '--json']);
  expect(done.code, done.stderr).toBe(0);
  const events = done.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(events.find(({ outcome }) => outcome)?.outcome).toMatchObject({
    kind: 'done',
    facts: { table: 'public.ev', rows: 11, left: 0 },
  });
  const { run: id, undo } = events.at(-1);
  expect(undo).toMatch(/undo \d{8}T/);
  expect(await rows('ev')).toBe(9);
  const plan = await run(['restore', id, '--plan']);
  expect(plan.code, plan.stderr).toBe(0);
  expect(await rows('ev')).toBe(9);
  const back = await run(['restore', id, '--confirm', 'public.ev']);
  expect(back.code, back.stderr).toBe(0);
  expect(await rows('ev')).toBe(20);
  const nothing = await run(['--table', 'ev', '--column', 'at', '--older-than', '1y', '--execute']);
  expect(nothing.code).toBe(0);
  expect(nothing.stderr).toContain('There is nothing to do.');
});

test.each([
  [['--older-than', '90'], /--older-than must be a number with its unit.*90 has no unit/],
  [['--older-than=-5d'], /-5d ago is in the future/],
  [['--older-than', '3m'], /90d, 12h, 3mo or 1y/],
  [['--column', 'id'], /id of public\.ev is no time: it is integer/],
  [['--column', 'nope'], /has no column nope/],
  [['--table', 'nope'], /There is no table nope/],
  [['--archive', ''], /nothing was given/],
  [['--wait', 'long'], /--wait/],
  [['--rules'], /no meaning/],
])('%j is refused', async (more, said) => {
  const { code, stderr } = await run([...EV, ...more]);
  expect(stderr).toMatch(said);
  expect(code).toBe(2);
});

test('how to go on is told with the server that was given, and contended is a failure', async () => {
  const holder = await client(db.target(), 'holder');
  await holder.sql('BEGIN');
  await holder.sql('UPDATE ev SET id = id WHERE id = 20');
  const args = [...EV, '--wait', '0', '--execute', '--confirm', 'public.ev'];
  const { code, stdout, stderr } = await run([...args]);
  await holder.sql('ROLLBACK');
  expect(code).toBe(1);
  expect(stderr).toMatch(/Contended: 1 row of public\.ev is locked by other transactions/);
  const [, id = ''] = /undo (\d{8}T\w+-\w+)/.exec(stdout) ?? [];
  expect(stderr).toContain(`pgdeck ${connection().join(' ')} cleanup --resume ${id} --execute`);
  const on = await run(['--resume', id, '--execute', '--confirm', 'public.ev']);
  expect(on.code, on.stderr).toBe(0);
  expect(await rows('ev')).toBe(9);
  const back = await run([
    'restore',
    /undo (\d{8}T\w+-\w+)/.exec(on.stdout)?.[1] ?? '',
    '--confirm',
    'public.ev',
  ]);
  expect(back.code, back.stderr).toBe(0);
  expect(await rows('ev')).toBe(20);
});

test('what is missing is named', async () => {
  const { code, stderr } = await run(['--table', 'ev']);
  expect(code).toBe(2);
  expect(stderr).toMatch(/--column is needed/);
  expect(stderr).toMatch(/--older-than is needed/);
});

test('the rules of a profile are run one by one or all, dry without --execute', async () => {
  const { host, port, user, database } = db.target();
  const config = join(home, 'settings.json');
  const rules = [
    { table: 'ev', column: 'at', older_than: '10d', archive },
    { name: 'logs', table: 'public.log', column: 'at', older_than: '15d' },
  ];
  writeFileSync(
    config,
    JSON.stringify({ profiles: { shop: { host, port, user, database, cleanup: rules } } }),
  );
  const env = cleanEnvironment(home, { PGDECK_CONFIG: config });
  const by = (...args: string[]) => pgdeck(['cleanup', '--profile', 'shop', ...args], env);
  const dry = await by('--rules');
  expect(dry.code, dry.stderr).toBe(0);
  expect(dry.stdout).toMatch(/public\.ev: rows +11 to delete/);
  expect(dry.stdout).toMatch(/public\.log: rows +6 to delete/);
  const one = await by('--rule', 'logs', '--execute', '--confirm', 'public.log');
  expect(one.code, one.stderr).toBe(0);
  expect([await rows('ev'), await rows('log')]).toEqual([20, 14]);
  const all = await by('--rules', '--execute', '--confirm', 'public.ev,public.log');
  expect(all.code, all.stderr).toBe(0);
  expect([await rows('ev'), await rows('log')]).toEqual([9, 14]);
  const none = await by('--rule', 'nope');
  expect(none.code).toBe(2);
  expect(none.stderr).toContain('There are: ev, logs.');
  writeFileSync(
    config,
    JSON.stringify({ profiles: { shop: { cleanup: [{ table: 'ev', column: 'at', older_than: '90' }] } } }),
  );
  const bad = await by('--rules');
  expect(bad.code).toBe(2);
  expect(bad.stderr).toMatch(/90 has no unit/);
});

test('a job of cron may be a cleanup', async () => {
  const words = 'cleanup --rules --execute --confirm public.ev';
  const { code, stdout, stderr } = await pgdeck(
    ['schedule', 'print', 'old', '--command', words, ...connection()],
    cleanEnvironment(home),
  );
  expect(code, stderr).toBe(0);
  expect(stdout).toContain('--execute');
});
