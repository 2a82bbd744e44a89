import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SHOWN } from '../../src/app/views/registry.ts';
import type { Session } from '../../src/db/client.ts';
import { client, type TestDatabase, testDatabase, until } from '../support/cluster.ts';
import { cleanEnvironment, MAIN, pgdeckHere, temporaryDirectory } from '../support/program.ts';

let db: TestDatabase;
let watcher: Session;
let nobody: string;
const home = temporaryDirectory();

beforeAll(async () => {
  db = await testDatabase();
  watcher = await client(db.target());
  nobody = await db.roleWith();
  await watcher.sql('CREATE TABLE 客户 (id int PRIMARY KEY, name text)');
  await watcher.sql(`INSERT INTO 客户 SELECT i, '王' || i FROM generate_series(1, 500) i`);
  await watcher.sql('ANALYZE 客户');
});

afterAll(() => db.drop());

function run(role: string | undefined, ...args: string[]) {
  const { host, port, user, database } = db.target(role);
  const server = { PGHOST: host, PGPORT: String(port), PGUSER: user, PGDATABASE: database };
  return pgdeckHere(args, cleanEnvironment(home, server));
}

const VIEWS = SHOWN.map(({ id }) => id);
/** Those of one server; that of all has a test of its own. */
const ONE = VIEWS.filter((id) => id !== 'fleet');

test('views that a message tells to look at are there', () => {
  const source = fileURLToPath(new URL('../../src', import.meta.url));
  const told = readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => [...readFileSync(join(source, file), 'utf8').matchAll(/pgdeck show ([a-z]\w*)/g)])
    .map(([, view]) => view);
  expect(told.length).toBeGreaterThan(2);
  expect(told.filter((view) => !VIEWS.some((id) => id === view))).toEqual([]);
});

const objects = (stdout: string) =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

test('the help names exactly the views there are', async () => {
  const { code, stdout } = await run(undefined, 'show', '--help');
  expect(code).toBe(0);
  expect(stdout.replaceAll(/\s+/g, ' ')).toContain(` view ${VIEWS.join(', ')} `);
});

test.each(ONE)('show %s --json: one object with when, where and rows', async (view) => {
  const { code, stdout, stderr } = await run(undefined, 'show', view, '--json');
  expect([code, stderr]).toEqual([0, '']);
  const answer = JSON.parse(stdout);
  expect(Object.keys(answer).slice(0, 3)).toEqual(['at', 'server', 'rows']);
  expect(answer.at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  expect(Math.abs(Date.parse(answer.at) - Date.now())).toBeLessThan(60_000);
  expect(answer.server).toBe(`postgres@${db.target().host}:${db.target().port}/${db.database}`);
  for (const row of answer.rows)
    for (const [name, value] of Object.entries(row))
      if (/_(seconds|bytes|ms|us|ratio)$/.test(name))
        expect([name, value === null || typeof value === 'number']).toEqual([name, true]);
});

test('locks: who waits for whom, with root, depth and what is waited for', async () => {
  const [a, b, c, d] = await Promise.all(['a', 'b', 'c', 'd'].map((name) => client(db.target(), name)));
  if (!a || !b || !c || !d) throw new Error('no sessions');
  await watcher.sql('CREATE TABLE pile (id int)');
  for (const weak of [a, b]) {
    await weak.sql('BEGIN');
    await weak.sql('SELECT * FROM pile');
  }
  const waiting = async (pid: number) => {
    const rows = await watcher.sql('SELECT 1 FROM pg_locks WHERE pid = $1 AND NOT granted', [pid]);
    return rows.length > 0;
  };
  const altered = c.sql('ALTER TABLE pile ADD COLUMN x int');
  await until(() => waiting(c.pid), { what: 'the ALTER waits' });
  const read = d.sql('SELECT * FROM pile');
  await until(() => waiting(d.pid), { what: 'the reader waits behind it' });

  const { code, stdout } = await run(undefined, 'show', 'locks', '--json');
  expect(code).toBe(0);
  const { rows, waiters } = JSON.parse(stdout);
  const row = (session: Session) => rows.find((r: { pid: number }) => r.pid === session.pid);
  // others may wait on this server, too
  expect(waiters).toBe(rows.filter(({ depth }: { depth: number }) => depth > 0).length);
  expect(row(d)).toMatchObject({
    blocked_by: [c.pid],
    depth: 2,
    mode: 'AccessShareLock',
    relation: 'public.pile',
    query: 'SELECT * FROM pile',
  });
  expect(row(d).wait_seconds).toBeGreaterThan(0);
  expect(row(c).blocked_by.toSorted()).toEqual([a.pid, b.pid].toSorted());
  expect(row(c)).toMatchObject({ depth: 1, mode: 'AccessExclusiveLock', frees: 1 });
  expect([a.pid, b.pid]).toContain(row(c).root_pid);
  expect(row(d).root_pid).toBe(row(c).root_pid);
  expect([row(a).frees, row(b).frees]).toEqual([0, 0]);
  const plain = await run(undefined, '--once', '--ascii');
  expect(plain.stdout).toMatch(/^`-\d+/m);
  expect(plain.stdout).not.toContain('└');

  for (const weak of [a, b]) await weak.sql('COMMIT');
  await Promise.all([altered, read]);
});

test('tables: exact sizes, rows and ages in plain numbers; text has the same table', async () => {
  const { stdout } = await run(undefined, 'show', 'tables', '--json');
  const [row] = JSON.parse(stdout).rows.filter((r: { relname: string }) => r.relname === '客户');
  const [size] = await watcher.sql(`SELECT pg_total_relation_size('客户')::float8 AS bytes`);
  expect(row).toMatchObject({
    schemaname: 'public',
    total_bytes: size?.bytes,
    total_bytes_exact: true,
    est_rows: 500,
    vacuum_age_seconds: null,
  });
  expect(row.analyze_age_seconds).toBeGreaterThan(0);
  const text = await run(undefined, 'show', 'tables');
  expect(text.stdout).toMatch(/TABLE +TOTAL/);
  expect(text.stdout).toContain('客户');
});

test('locks: a prepared transaction at the root says which one it is, whose, how old, and whom it holds up', async () => {
  const [owner, waiter] = [await client(db.target(), 'owner'), await client(db.target(), 'waiter')];
  await owner.sql('CREATE TABLE two_phase (id int)');
  await owner.sql('BEGIN');
  await owner.sql('LOCK TABLE two_phase');
  await owner.sql(`PREPARE TRANSACTION '${db.database} tx'`);
  const over = waiter.sql('SELECT * FROM two_phase');
  try {
    const rows = await until(
      async () => {
        const all = JSON.parse((await run(undefined, 'show', 'locks', '--json')).stdout).rows;
        return all.some((row: { pid: number }) => row.pid === waiter.pid) && all;
      },
      { what: 'the wait' },
    );
    const root = rows.find((row: { gid: string }) => row.gid === `${db.database} tx`);
    expect(root).toMatchObject({ owner: 'postgres', prepared_in: db.database, frees: 1, depth: 0 });
    expect(rows.find((row: { pid: number }) => row.pid === waiter.pid).root_pid).toBe(root.pid);
    const { stdout } = await run(undefined, 'show', 'locks');
    const line = stdout.split('\n').find((text) => text.startsWith('prepared'));
    expect(line).toMatch(
      new RegExp(`^prepared .* postgres +prepared .* 1 .* gid '${db.database} tx', frees 1$`),
    );
    expect(stdout).toContain(`\n└─${waiter.pid} `);
    const { host, port, user, database } = db.target();
    const server = { PGHOST: host, PGPORT: String(port), PGUSER: user, PGDATABASE: database };
    const plain = await pgdeckHere(['show', 'locks'], cleanEnvironment(home, { ...server, LC_ALL: 'C' }));
    expect(plain.stdout).toContain(`\n\`-${waiter.pid} `);
  } finally {
    await owner.sql(`ROLLBACK PREPARED '${db.database} tx'`);
  }
  await over;
});

test('--csv without rows is nothing, not a blank line', async () => {
  const { code, stdout } = await run(undefined, 'show', 'replication', '--csv');
  expect([code, stdout]).toEqual([0, '']);
});

test('--limit, --csv and --ndjson: the same rows', async () => {
  const csv = await run(undefined, 'show', 'database', '--csv', '--limit', '1');
  const [heading, ...rest] = csv.stdout.trimEnd().split('\r\n');
  expect(heading?.split(',')).toContain('blks_hit');
  expect(rest).toHaveLength(1);
  const ndjson = objects((await run(undefined, 'show', 'database', '--ndjson')).stdout);
  expect(ndjson.map((row) => row.datname)).toContain(db.database);
  expect(ndjson[0]).toHaveProperty('at');
});

test('--watch goes on until it is stopped, with rates from the second sample on', async () => {
  const { host, port, user, database } = db.target();
  const env = cleanEnvironment(home, {
    PGHOST: host,
    PGPORT: String(port),
    PGUSER: user,
    PGDATABASE: database,
  });
  const child = spawn(process.execPath, [MAIN, 'show', 'database', '--json', '--watch', '0.5'], { env });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  await until(() => stdout.split('\n').length > 2, { what: 'two samples' });
  child.kill('SIGINT');
  expect(await new Promise((resolve) => child.on('close', resolve))).toBe(0);
  const [first, second] = objects(stdout.slice(0, stdout.lastIndexOf('\n')));
  expect(first.rows[0].transactions_per_second).toBeNull();
  expect(second.rows[0].transactions_per_second).toBeGreaterThanOrEqual(0);
});

test.each(['SIGTERM', 'SIGINT'] as const)(
  '--watch ends as done by %s while a server says nothing',
  async (signal) => {
    // it takes connections, and answers none
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const env = cleanEnvironment(home, { PGHOST: '127.0.0.1', PGPORT: String(port), PGUSER: 'postgres' });
    const child = spawn(process.execPath, [MAIN, 'show', 'locks', '--watch', '1'], { env });
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        said += text;
      });
    const [socket] = await once(silent, 'connection');
    child.kill(signal);
    expect(await once(child, 'close')).toEqual([0, null]);
    expect(said).toBe('');
    socket.destroy();
    silent.close();
  },
);

test('a role with nothing: hidden rows are announced with the GRANT, refused ones exit 1 with it', async () => {
  const activity = await run(nobody, 'show', 'activity', '--json');
  expect(activity.code).toBe(0);
  expect(activity.stderr).toContain(`GRANT pg_read_all_stats TO "${nobody}"`);
  for (const view of ONE) {
    const { code, stderr } = await run(nobody, 'show', view, '--json');
    expect([view, stderr]).toEqual([view, expect.not.stringMatching(/ {4}at /)]);
    if (code !== 0) expect([view, code, stderr]).toEqual([view, 1, expect.stringContaining('GRANT ')]);
  }
});

test.each([
  [['show'], /show needs <view>: locks, activity, /],
  [['show', 'nothing'], /There is no view "nothing"/],
  [['show', 'operations'], /There is no view "operations"[\s\S]*pgdeck runs list lists them/],
  [['show', 'constructor'], /There is no view "constructor"/],
  [['show', 'locks', '--limit', '0'], /whole number/],
  [['show', 'locks', '--watch', 'x'], /Seconds/],
  [['show', 'locks', '--json', '--csv'], /--json and --csv do not go together/],
])('bad usage %j: exit 2', async (args, message) => {
  const { code, stdout, stderr } = await run(undefined, ...args);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(message);
});

test('nothing listens: exit 3 and one sentence', async () => {
  const { code, stderr } = await run(undefined, '-p', '1', 'show', 'activity');
  expect(code).toBe(3);
  expect(stderr).toMatch(/^pgdeck: Nothing accepts connections at .*\n$/);
});

test('--once: the overview with its four panes', async () => {
  // of two samples between which another file's database comes or goes there is no rate
  const stdout = await until(
    async () => {
      const { code, stdout } = await run(undefined, '--once');
      expect(code).toBe(0);
      return / {2}transactions\/s \d/.test(stdout) && stdout;
    },
    { what: 'an overview with rates', timeout: 20_000 },
  );
  for (const title of ['Activity', 'Locks', 'Cache ratio', 'Table sizes'])
    expect(stdout).toMatch(new RegExp(`^${title}`, 'm'));
  expect(stdout).toMatch(/connections \d+\/\d+ {2}transactions\/s [\d.]+/);
  expect(stdout).toContain('客户');
});

test('an overview counts what it leaves out', async () => {
  for (let i = 1; i <= 12; i++) await watcher.sql(`CREATE TABLE beyond_${i} (id int)`);
  const { rows } = JSON.parse((await run(undefined, 'show', 'tables', '--json')).stdout);
  const { stdout } = await run(undefined, '--once');
  expect(stdout).toContain(`\n${rows.length - 10} more tables are not listed.\n`);
  for (let i = 1; i <= 12; i++) await watcher.sql(`DROP TABLE beyond_${i}`);
});

test('tables: an empty one is listed, and what a limit leaves out is counted', async () => {
  await watcher.sql('CREATE TABLE bare (id int)');
  const whole = JSON.parse((await run(undefined, 'show', 'tables', '--json')).stdout);
  expect(whole.rows.map(({ relname }: { relname: string }) => relname)).toContain('bare');
  expect(whole.not_listed).toBe(0);
  const cut = await run(undefined, 'show', 'tables', '--json', '--limit', '1');
  expect(JSON.parse(cut.stdout)).toMatchObject({
    rows: [{ relname: '客户' }],
    not_listed: whole.rows.length - 1,
  });
  const text = await run(undefined, 'show', 'tables', '--limit', '1');
  expect(text.stderr).toBe(`pgdeck: ${whole.rows.length - 1} more tables are not listed.\n`);
  const all = await run(undefined, 'show', 'tables', '--limit', String(whole.rows.length - 1));
  expect(all.stderr).toBe('pgdeck: One of the tables is not listed.\n');
});

test('wal: one record is the whole view, whatever the limit', async () => {
  const { stdout } = await run(undefined, 'show', 'wal', '--json', '--limit', '1');
  expect(JSON.parse(stdout)).toMatchObject({ rows: [{ standby: false }], not_listed: 0 });
  expect((await run(undefined, 'show', 'wal', '--csv', '--limit', '1')).stderr).toBe('');
});

test('indexes: unused so far is no finding yet, the table keeps its schema, and the counts are those of the list', async () => {
  await watcher.sql('CREATE SCHEMA sales');
  await watcher.sql('CREATE TABLE sales.orders (id int PRIMARY KEY, n int)');
  await watcher.sql('CREATE INDEX orders_n ON sales.orders (n)');
  await watcher.sql('SELECT pg_stat_reset()');
  const { stdout } = await run(undefined, 'show', 'indexes');
  const row = stdout.split('\n').find((line) => line.includes('orders_n'));
  expect(row).toMatch(/^sales\.orders_n +sales\.orders .* unused in \d+(\.\d)?s of statistics$/);
  const answer = JSON.parse((await run(undefined, 'show', 'indexes', '--json')).stdout);
  expect(Date.parse(answer.statistics_since)).toBeGreaterThan(Date.now() - 600_000);
  const { indexCounts } = await import('../../src/db/queries/indexes.ts');
  const [counts] = await watcher.run(indexCounts, undefined);
  type Index = { finding: string | null; idx_scan: number; indisunique: boolean };
  expect(answer.rows.filter(({ finding }: Index) => finding !== null)).toEqual([]);
  const unused = answer.rows.filter((index: Index) => index.idx_scan === 0 && !index.indisunique);
  expect(counts).toMatchObject({ indexes: answer.rows.length, unused: unused.length });
});

test('--filter: the words of the console, in every format; --sort by its columns', async () => {
  const filter = `db=${db.database} !app:pgdeck-monitor pid>0 age<1h`;
  const one = await client(db.target(), 'filtered');
  const asked = [filter, 'app=filtered type:client', '/^filtered$/'].join(' ');
  const json = await run(undefined, 'show', 'activity', '--json', '--filter', asked, '--limit', '5');
  expect(JSON.parse(json.stdout)).toMatchObject({ rows: [{ pid: one.pid }], not_listed: 0 });
  const text = await run(undefined, 'show', 'activity', '--filter', asked);
  expect(text.stdout).toMatch(new RegExp(`PID.*\\n *${one.pid} [^\\n]*\\n$`));
  const others = await run(undefined, 'show', 'activity', '--json', '--filter', '!app:filtered');
  expect(JSON.parse(others.stdout).rows.map(({ pid }: { pid: number }) => pid)).not.toContain(one.pid);

  const sorted = async (sort: string) => {
    const { code, stdout } = await run(undefined, 'show', 'activity', '--json', '--sort', sort);
    expect(code).toBe(0);
    return JSON.parse(stdout).rows.map(({ pid }: { pid: number }) => pid);
  };
  const rising = (await sorted('pid:asc')) as number[];
  expect(rising).toEqual(rising.toSorted((a, b) => a - b));
  expect(await sorted('pid')).toEqual(await sorted('pid:desc'));
  await one.close();
});

test('--filter finds also what a limit would have cut, and says how many it did not print', async () => {
  await watcher.sql('CREATE SCHEMA few');
  for (const name of ['a', 'b', 'c']) await watcher.sql(`CREATE TABLE few.${name} ()`);
  const { stdout } = await run(
    undefined,
    'show',
    'tables',
    '--json',
    '--filter',
    'schema=few',
    '--limit',
    '2',
  );
  const { rows, not_listed } = JSON.parse(stdout);
  expect(rows.map(({ schemaname }: { schemaname: string }) => schemaname)).toEqual(['few', 'few']);
  expect(not_listed).toBe(1);
});

test('--filter of locks: scripts get those that meet it, people also whom they wait for', async () => {
  const [holder, waiter] = await Promise.all(
    ['the-holder', 'the-waiter'].map((name) => client(db.target(), name)),
  );
  if (!holder || !waiter) throw new Error('no sessions');
  await holder.sql('BEGIN');
  await holder.sql('LOCK TABLE 客户');
  const asked = waiter.sql('SELECT count(*) FROM 客户');
  await until(
    async () =>
      (await watcher.sql('SELECT 1 FROM pg_locks WHERE pid = $1 AND NOT granted', [waiter.pid])).length > 0,
    { what: 'the waiter' },
  );
  const filter = ['--filter', `wait:lock db=${db.database} app:the-waiter age<1h`];
  const json = await run(undefined, 'show', 'locks', '--json', ...filter);
  expect(JSON.parse(json.stdout).rows.map(({ pid }: { pid: number }) => pid)).toEqual([waiter.pid]);
  const { stdout } = await run(undefined, 'show', 'locks', ...filter);
  expect(stdout).toMatch(/the-holder[\s\S]*the-waiter/);
  await holder.sql('ROLLBACK');
  await asked;
  await holder.close();
  await waiter.close();
});

test.each([
  [
    ['activity', '--filter', 'user:app foo:1'],
    /--filter, character 10: there is no field foo; .* fields: pid database/,
  ],
  [['activity', '--filter', 'age>30'], /--filter, character 5: age is a duration such as 30s/],
  [['activity', '--filter', '"open'], /--filter, character 1: the quote is not closed/],
  [['activity', '--filter', '/(/'], /--filter, character 1: the pattern cannot be used: Unterminated group/],
  [['activity', '--sort', 'foo'], /--sort: activity has no column "foo".*pid, database, user/s],
  [['activity', '--sort', 'age:up'], /--sort: "up" is no direction/],
  [['activity', '--sort', 'age:asc:x'], /--sort: "asc:x" is no direction/],
  [['locks', '--sort', 'pid'], /--sort: Locks are shown as a tree/],
  [['wal', '--json', '--filter', 'archiver'], /wal is one record there/],
])('show %s: exit 2, before anything is asked of the server', async (args, message) => {
  const { code, stdout, stderr } = await pgdeckHere(
    ['show', ...args],
    cleanEnvironment(home, { PGHOST: '127.0.0.1', PGPORT: '1' }),
  );
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(message);
});

test('the help lists the fields of every view', async () => {
  const { stdout } = await run(undefined, 'show', '--help');
  for (const view of VIEWS) expect(stdout).toMatch(new RegExp(`^ {2}${view} +[a-z_]+`, 'm'));
  expect(stdout).toMatch(/^ {2}activity {4}pid\(#\) database=db user application=app /m);
});
