import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Session } from '../../../../src/db/session.ts';
import { journalDirectory, listRuns } from '../../../../src/ops/engine/journal/runs.ts';
import { client, type TestDatabase, testDatabase, until } from '../../../support/cluster.ts';
import { cleanEnvironment, MAIN, pgdeck, temporaryDirectory } from '../../../support/program.ts';

let db: TestDatabase;
let app: Session;
const home = temporaryDirectory();
const archive = join(home, 'archive');

beforeAll(async () => {
  db = await testDatabase();
  app = await client(db.target(), 'app');
});
afterAll(() => db.drop());

const connection = () => {
  const { host, port, user, database } = db.target();
  return ['-h', host, '-p', String(port), '-U', user, '-d', database];
};

const runs = () => listRuns(journalDirectory({}, home)).filter(({ operation }) => operation === 'cleanup');
const newest = () => runs()[0]?.id ?? '';

/** Parts of all archives that are on the disk. */
function parts(): number {
  if (!existsSync(archive)) return 0;
  return readdirSync(archive).reduce((sum, name) => sum + readdirSync(join(archive, name)).length, 0);
}

/** Number of rows and a checksum of all of them. */
async function stateOf(table: string): Promise<string> {
  const [row] = await app.sql(
    `SELECT count(*) || ' ' || coalesce(sum(hashtextextended(x::text, 0)::numeric), 0) AS state FROM ${table} x`,
  );
  return String(row?.state);
}

/** Runs it until it is killed: at a point of its work, or when so many more parts are on the disk. */
async function killed(args: readonly string[], at: string | number): Promise<void> {
  const env = cleanEnvironment(home, typeof at === 'string' ? { PGDECK_CRASH_AT: at } : {});
  const before = parts();
  const child = spawn(process.execPath, [MAIN, 'cleanup', ...connection(), ...args], {
    env,
    stdio: 'ignore',
  });
  const exited = new Promise<string | null>((resolve) =>
    child.on('close', (_code, signal) => resolve(signal)),
  );
  if (typeof at === 'number') {
    await until(() => parts() >= before + at, { what: `${at} more parts`, timeout: 30_000 });
    child.kill('SIGKILL');
  }
  expect(await exited).toBe('SIGKILL');
}

test('killed ten times and gone on with: nothing is lost, nothing is there twice, and all of it comes back', async () => {
  await app.sql('CREATE TABLE ev (id int PRIMARY KEY, at timestamptz, t text)');
  await app.sql(
    "INSERT INTO ev SELECT i, now() - i * interval '1 minute', md5(i::text) FROM generate_series(1, 300000) i",
  );
  // so slow that it can be killed in its middle
  await app.sql(
    'CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.03); RETURN NULL; END $$',
  );
  await app.sql('CREATE TRIGGER slow BEFORE DELETE ON ev FOR EACH STATEMENT EXECUTE FUNCTION slow()');
  const before = await stateOf('ev');
  const args = ['--execute', '--confirm', 'public.ev'];
  const first = ['--table', 'ev', '--column', 'at', '--older-than', '10d', '--archive', archive, ...args];
  const points = ['rows:archived', 2, 'rows:noted', 3, 'rows:committed', 2, 1, 'rows:noted', 3];
  await killed(first, 2);
  const cutoff = runs()[0]?.facts.t0_task;
  for (const point of points) await killed(['--resume', newest(), ...args], point);
  expect(runs()).toHaveLength(10);
  const { code, stderr } = await pgdeck(
    ['cleanup', ...connection(), '--resume', newest(), ...args],
    cleanEnvironment(home),
  );
  expect(code, stderr).toBe(0);
  const last = runs()[0];
  expect(last?.facts.t0_task).toEqual(cutoff);
  const [young] = await app.sql('SELECT count(*)::int AS rows FROM ev');
  const manifests = readdirSync(archive);
  expect(manifests).toHaveLength(1);
  // every row that is gone is in the archive, and once
  const [gone] = [...stderr.matchAll(/([\d,]+) rows in [\d,]+ parts/g)].map(([, rows = '']) =>
    Number(rows.replaceAll(',', '')),
  );
  expect(Number(young?.rows) + Number(gone)).toBe(300_000);
  await app.sql('CREATE UNIQUE INDEX none_twice ON ev (id)');
  const back = await pgdeck(
    ['cleanup', 'restore', newest(), ...connection(), '--confirm', 'public.ev'],
    cleanEnvironment(home),
  );
  expect(back.code, back.stderr).toBe(0);
  expect(back.stderr).not.toContain('not put back');
  expect(await stateOf('ev')).toBe(before);
}, 240_000);

test('a restore that is killed is finished by recover, and nothing comes back twice', async () => {
  await app.sql('CREATE TABLE twice (id int, at timestamptz)');
  await app.sql("INSERT INTO twice SELECT i % 500, '2001-01-01' FROM generate_series(1, 5000) i");
  const before = await stateOf('twice');
  const env = cleanEnvironment(home);
  const done = await pgdeck(
    [
      ...['cleanup', ...connection(), '--table', 'twice', '--column', 'at', '--older-than', '1y'],
      ...['--archive', archive, '--execute', '--confirm', 'public.twice'],
    ],
    env,
  );
  expect(done.code, done.stderr).toBe(0);
  const run = newest();
  for (const point of ['put:noted', 'put:committed']) {
    const at = await pgdeck(['cleanup', 'restore', run, ...connection(), '--confirm', 'public.twice'], {
      ...env,
      PGDECK_CRASH_AT: point,
    });
    expect(at.code).not.toBe(0);
  }
  const end = await pgdeck(['recover', ...connection(), '--confirm', 'public.twice', '--yes'], env);
  expect(end.code, end.stderr).toBe(0);
  expect(await stateOf('twice')).toBe(before);
}, 60_000);

test('a partition that was detached when pgdeck was killed is one again after recover', async () => {
  await app.sql('CREATE TABLE byday (id int, at date NOT NULL) PARTITION BY RANGE (at)');
  await app.sql("CREATE TABLE byday_1 PARTITION OF byday FOR VALUES FROM ('2001-01-01') TO ('2001-02-01')");
  await app.sql("INSERT INTO byday SELECT i, '2001-01-15' FROM generate_series(1, 1000) i");
  const args = ['--table', 'byday', '--column', 'at', '--older-than', '1y', '--archive', archive];
  const flags = ['--drop-partitions', '--execute', '--confirm', 'public.byday'];
  const env = cleanEnvironment(home);
  for (const point of ['drop:detached', 'drop:archived', 'drop:noted']) {
    await killed([...args, ...flags], point);
    const on = await pgdeck(['cleanup', '--resume', newest(), ...connection()], env);
    expect(on.code).toBe(2);
    expect(on.stderr).toContain('Put it back first: pgdeck ');
    const { code, stderr } = await pgdeck(['recover', ...connection(), '--yes'], env);
    expect(code, stderr).toBe(0);
    expect(await stateOf('byday')).toMatch(/^1000 /);
  }
  const before = await stateOf('byday');
  await killed([...args, ...flags], 'drop:committed');
  const { code, stderr } = await pgdeck(['recover', ...connection(), '--yes'], env);
  expect(code, stderr).toBe(0);
  expect(await stateOf('byday')).toMatch(/^0/);
  const back = await pgdeck(
    ['cleanup', 'restore', newest(), ...connection(), '--confirm', 'public.byday'],
    env,
  );
  expect(back.code, back.stderr).toBe(0);
  expect(await stateOf('byday')).toBe(before);
}, 60_000);

test('killed after a partition was dropped and while others are emptied: both are in the archive', async () => {
  await app.sql('CREATE TABLE mixed (id int, at date NOT NULL) PARTITION BY RANGE (at)');
  await app.sql("CREATE TABLE mixed_1 PARTITION OF mixed FOR VALUES FROM ('2001-01-01') TO ('2001-02-01')");
  await app.sql("CREATE TABLE mixed_2 PARTITION OF mixed FOR VALUES FROM ('2001-02-01') TO ('2999-01-01')");
  await app.sql(
    "INSERT INTO mixed SELECT i, CASE WHEN i % 2 = 0 THEN '2001-01-15'::date ELSE '2001-03-01' END FROM generate_series(1, 4000) i",
  );
  const before = await stateOf('mixed');
  const args = ['--table', 'mixed', '--column', 'at', '--older-than', '1y', '--archive', archive];
  const flags = ['--drop-partitions', '--execute', '--confirm', 'public.mixed'];
  const env = cleanEnvironment(home);
  await killed([...args, ...flags], 'rows:committed');
  expect(await stateOf('mixed')).toMatch(/^1500 /);
  const recovered = await pgdeck(['recover', ...connection(), '--yes'], env);
  expect(recovered.code, recovered.stderr).toBe(0);
  expect(recovered.stderr).toContain('2,500 rows in 2 parts');
  const back = await pgdeck(
    ['cleanup', 'restore', newest(), ...connection(), '--confirm', 'public.mixed'],
    env,
  );
  expect(back.code, back.stderr).toBe(0);
  expect(await stateOf('mixed')).toBe(before);
}, 60_000);
