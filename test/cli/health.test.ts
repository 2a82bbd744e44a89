import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { app, publish } from '../db/queries/session.ts';
import { type TestDatabase, testDatabase } from '../support/cluster.ts';
import { cleanEnvironment, MAIN, pgdeck, temporaryDirectory } from '../support/program.ts';

let db: TestDatabase;
let nobody: string;
const home = temporaryDirectory();
const settings = join(home, 'settings.json');

beforeAll(async () => {
  db = await testDatabase();
  nobody = await db.roleWith();
  await publish(
    db,
    'CREATE TABLE orders (id int PRIMARY KEY, customer int)',
    'INSERT INTO orders SELECT i, i FROM generate_series(1, 100) i',
    'CREATE INDEX by_customer ON orders (customer)',
    'CREATE INDEX "by customer; again" ON orders (customer)',
    'VACUUM ANALYZE orders',
    'CREATE TABLE held (id int)',
    'INSERT INTO held SELECT generate_series(1, 1000)',
  );
});
afterAll(() => db.drop());

/** Runs `pgdeck health` on one category, which other tests on this server do not touch. */
function health(role: string | undefined, ...args: string[]) {
  const { host, port, user, database } = db.target(role);
  // limits of the settings, so that the verdict is the same whatever else this server does
  if (!existsSync(settings))
    writeFileSync(
      settings,
      JSON.stringify({ profiles: { shop: { host, port, user, database, sslmode: 'disable' } } }),
    );
  const server =
    role === undefined
      ? { PGDECK_CONFIG: settings }
      : { PGHOST: host, PGPORT: String(port), PGUSER: user, PGDATABASE: database };
  const words = role === undefined ? ['--profile', 'shop'] : [];
  return pgdeck([...words, 'health', ...args], cleanEnvironment(home, server));
}
const INDEXES = ['--category', 'indexes', '--sample', '0.5'];
const ID = 'index_duplicate:"by customer; again"';

test('JSON has verdict, score, findings with evidence and remedy, and the tables', async () => {
  const holder = await app(db);
  await holder.sql('BEGIN');
  await holder.sql('LOCK held');
  const { code, stdout, stderr } = await health(undefined, '--json', ...INDEXES);
  await holder.sql('ROLLBACK');
  expect(stderr).toBe('');
  const report = JSON.parse(stdout);
  expect(report).toMatchObject({
    formatVersion: 1,
    status: 'healthy',
    partial: false,
    coverage: 100,
    categories: [{ id: 'indexes', title: 'Indexes', weight: 3 }],
    tables: {
      orders: { exists: true, row_count: 100, row_count_kind: 'estimate', bytes_kind: 'measured' },
      // a size function would wait behind the lock, and nobody has noted its size
      held: { row_count: 1000, bytes: null, bytes_kind: 'unknown' },
    },
  });
  expect(code).toBe(0);
  expect(Date.parse(report.timestamp)).toBeGreaterThan(Date.now() - 60_000);
  const duplicate = report.findings.find(({ id }: { id: string }) => id === ID);
  expect(duplicate).toMatchObject({
    check: 'index_duplicate',
    object: '"by customer; again"',
    severity: 'warning',
    category: 'indexes',
    unit: 'bytes',
    threshold: null,
    waived: null,
    known: false,
    remedy: { operation: 'indexes drop', input: { index: ['public."by customer; again"'] } },
  });
  expect(report.issues).toContain(duplicate.title);
  expect(report.suggestions).toContain(`pgdeck indexes drop --index 'public."by customer; again"'`);
});

test('a waiver is kept in the profile, shown, undone, and holds no longer than its day', async () => {
  const waived = await health(undefined, 'waive', ID, '--until', '2999-12-31', '--reason', '按计划 删除');
  expect([waived.code, waived.stdout]).toEqual([
    0,
    expect.stringContaining(`--profile shop health unwaive '${ID}'`),
  ]);
  const shown = await health(undefined, ...INDEXES);
  expect(shown.stdout).toContain(`${ID} waived until 2999-12-31: 按计划 删除`);
  const { findings, issues } = JSON.parse((await health(undefined, '--json', ...INDEXES)).stdout);
  expect(findings.find(({ id }: { id: string }) => id === ID).waived).toEqual({
    until: '2999-12-31',
    reason: '按计划 删除',
  });
  expect(issues.join()).not.toContain('by customer; again');

  const kept = JSON.parse(readFileSync(settings, 'utf8'));
  expect(kept.profiles.shop.waivers).toEqual([{ id: ID, until: '2999-12-31', reason: '按计划 删除' }]);
  kept.profiles.shop.waivers[0].until = '2020-01-01';
  writeFileSync(settings, JSON.stringify(kept));
  expect((await health(undefined, ...INDEXES)).stdout).not.toContain('waived');

  expect((await health(undefined, 'unwaive', ID)).code).toBe(0);
  expect(JSON.parse(readFileSync(settings, 'utf8')).profiles.shop.waivers).toBeUndefined();
});

test('with a baseline only what is new counts', async () => {
  const file = join(home, 'baseline.json');
  writeFileSync(file, (await health(undefined, '--json', ...INDEXES)).stdout);
  const same = JSON.parse((await health(undefined, '--json', '--baseline', file, ...INDEXES)).stdout);
  expect(same.issues).toEqual([]);
  expect(same.findings).toContainEqual(expect.objectContaining({ id: ID, known: true }));
  const before = JSON.parse(readFileSync(file, 'utf8'));
  writeFileSync(file, JSON.stringify({ ...before, findings: [{ id: ID, severity: 'info' }] }));
  const worse = JSON.parse((await health(undefined, '--json', '--baseline', file, ...INDEXES)).stdout);
  expect(worse.findings).toContainEqual(expect.objectContaining({ id: ID, known: false }));
});

test('a baseline of another server is told', async () => {
  const file = join(home, 'foreign.json');
  writeFileSync(file, JSON.stringify({ formatVersion: 1, server: 'app@far:5432/shop', findings: [] }));
  const { code, stderr } = await health(undefined, '--baseline', file, ...INDEXES);
  expect([code, stderr]).toEqual([
    0,
    expect.stringMatching(/^The baseline is of app@far:5432\/shop, and this is .+ known here\.\n$/),
  ]);
});

test('categories without a weight have a coverage too: the share of their checks that could be made', async () => {
  const report = JSON.parse(
    (await health(nobody, '--json', '--category', 'backups', '--sample', '0.5')).stdout,
  );
  expect(report).toMatchObject({ score: null, coverage: 100, partial: false });
  // to people as well: nothing was measured
  expect((await health(nobody, '--category', 'backups', '--sample', '0.5')).stdout).toContain(
    'healthy: not scored, 100 % of the checks have an answer\n',
  );
  const blind = JSON.parse(
    (await health(nobody, '--json', '--category', 'security', '--sample', '0.5')).stdout,
  );
  expect(blind.unknown.length).toBeGreaterThan(0);
  expect(blind.coverage).toBeGreaterThan(0);
  expect(blind.coverage).toBeLessThan(100);
});

test.skipIf(!existsSync('/dev/full'))(
  'a verdict that cannot be written is none, and a reader that has enough changes none',
  async () => {
    await health(undefined, ...INDEXES);
    const piped = (to: string) =>
      new Promise((resolve) => {
        const words = ['--profile', 'shop', 'health', '--json', ...INDEXES];
        spawn('bash', ['-c', `"$0" "$@" ${to}; exit \${PIPESTATUS[0]}`, process.execPath, MAIN, ...words], {
          env: cleanEnvironment(home, { PGDECK_CONFIG: settings }),
          stdio: 'ignore',
        }).on('close', resolve);
      });
    expect(await piped('> /dev/full')).toBe(3);
    expect(await piped('| true')).toBe(0);
  },
);

test('without a verdict the exit code is 3, also for bad usage', async () => {
  const baseline = (content: string) => {
    const file = join(home, `odd-${content.length}.json`);
    writeFileSync(file, content);
    return ['--baseline', file];
  };
  const odd: readonly (readonly [RegExp, readonly string[]])[] = [
    [/no option --bogus/, ['--bogus']],
    [/There is no category "disc"/, ['--category', 'disc']],
    [/"0" will not do for --sample/, ['--sample', '0']],
    [/"0x10" will not do for --sample/, ['--sample', '0x10']],
    [/is not a regular file/, ['--baseline', '/dev/zero']],
    [/cannot be read \(ENOENT\)/, ['--baseline', join(home, 'absent.json')]],
    [/is no JSON/, baseline('{')],
    [/is no output of/, baseline('{"findings": 3}')],
    [/made by a newer pgdeck \(format 2/, baseline('{"formatVersion": 2, "found": []}')],
  ];
  for (const [said, words] of odd) {
    const { code, stdout, stderr } = await health(nobody, ...words);
    expect([code, stdout]).toEqual([3, '']);
    expect(stderr).toMatch(said);
  }
  const away = await pgdeck(['-h', '127.0.0.1', '-p', '1', 'health'], cleanEnvironment(home, {}));
  expect([away.code, away.stdout]).toEqual([3, '']);
});

test('a waiver with a slip is refused with 2: it would waive nothing', async () => {
  const odd: readonly (readonly [RegExp, readonly string[]])[] = [
    [/There is no check "index_double"/, ['index_double:x', '--until', '2999-12-31', '--reason', 'x']],
    [/--until must be a day/, ['index_duplicate', '--until', '31.12.2999', '--reason', 'x']],
    [/2020-01-01 is over/, ['index_duplicate', '--until', '2020-01-01', '--reason', 'x']],
    [/--reason must be a text that says why/, ['index_duplicate', '--until', '2999-12-31', '--reason', ' ']],
  ];
  for (const [said, words] of odd) {
    const { code, stderr } = await health(undefined, 'waive', ...words);
    expect([code, stderr]).toEqual([2, expect.stringMatching(said)]);
  }
  const { code, stderr } = await health(
    nobody,
    'waive',
    'index_duplicate',
    '--until',
    '2999-12-31',
    '--reason',
    'x',
  );
  expect([code, stderr]).toEqual([2, expect.stringContaining('kept in the profile of its server')]);
});
