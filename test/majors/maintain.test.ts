import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Session } from '../../src/db/session.ts';
import type { OpContext } from '../../src/ops/engine/operation.ts';
import { carryOut } from '../ops/engine/run/stage.ts';
import {
  bloated,
  compared,
  complaints,
  contextFor,
  linesOf,
  planAnalyze,
  planVacuum,
  slowVacuum,
} from '../ops/maintain/stage.ts';
import { client, type TestDatabase, testDatabase, until } from '../support/cluster.ts';
import { temporaryDirectory } from '../support/program.ts';

type Input = Record<string, unknown>;
type Planner = typeof planVacuum;

let db: TestDatabase;
let app: Session;
const home = temporaryDirectory();

beforeAll(async () => {
  db = await testDatabase();
  app = await client(db.target(), 'app');
  await bloated(app, 'orders', 2_000);
  await app.sql('ALTER TABLE orders ALTER t SET STORAGE EXTERNAL');
  await app.sql("INSERT INTO orders VALUES (-1, repeat('x', 9000))");
  await app.sql('CREATE TABLE parted (id int) PARTITION BY RANGE (id)');
  await app.sql('CREATE TABLE part_1 PARTITION OF parted FOR VALUES FROM (0) TO (1000)');
  await app.sql('INSERT INTO parted SELECT generate_series(0, 999)');
});
afterAll(() => db.drop());

/** Every option, the first version that has it, and how it stands in SQL. */
const VACUUM: readonly (readonly [input: Input, since: number, sql: string])[] = [
  [{ full: true }, 13, 'FULL'],
  [{ full: true, analyze: true }, 13, 'FULL, ANALYZE'],
  [{ full: true, freeze: true }, 13, 'FULL, FREEZE'],
  [{ freeze: true }, 13, 'FREEZE'],
  [{ analyze: true }, 13, 'ANALYZE'],
  [{ disable_page_skipping: true }, 13, 'DISABLE_PAGE_SKIPPING'],
  [{ skip_locked: true }, 13, 'SKIP_LOCKED'],
  [{ index_cleanup: 'on' }, 13, 'INDEX_CLEANUP ON'],
  [{ index_cleanup: 'off' }, 13, 'INDEX_CLEANUP OFF'],
  [{ truncate: 'on' }, 13, 'TRUNCATE ON'],
  [{ truncate: 'off' }, 13, 'TRUNCATE OFF'],
  [{ parallel: 0 }, 13, 'PARALLEL 0'],
  [{ parallel: 2 }, 13, 'PARALLEL 2'],
  [{ index_cleanup: 'auto' }, 14, 'INDEX_CLEANUP AUTO'],
  [{ process_toast: false }, 14, 'PROCESS_TOAST OFF'],
  [{ process_main: false }, 16, 'PROCESS_MAIN OFF'],
  [{ skip_database_stats: true }, 16, 'SKIP_DATABASE_STATS'],
  [{ buffer_usage_limit: '2 MB' }, 16, "BUFFER_USAGE_LIMIT '2MB'"],
  [{ buffer_usage_limit: '256' }, 16, "BUFFER_USAGE_LIMIT '256'"],
];
const ANALYZE: typeof VACUUM = [
  [{}, 13, ''],
  [{ skip_locked: true }, 13, 'SKIP_LOCKED'],
  [{ buffer_usage_limit: '0' }, 16, "BUFFER_USAGE_LIMIT '0'"],
];

async function tries(context: OpContext, plan: Planner, verb: string, options: typeof VACUUM): Promise<void> {
  const { server } = await context.session();
  for (const [input, since, sql] of options) {
    const made = await plan(context, { table: ['orders'], ...input });
    if (server.major < since) {
      expect(complaints(made), sql).toEqual([
        expect.stringMatching(
          new RegExp(`^block Options: PostgreSQL .* has no .*: that is from ${since} on\\.`),
        ),
      ]);
      continue;
    }
    const list = ['VERBOSE', sql].filter(Boolean).join(', ');
    expect(made.steps[0]?.preview).toContain(`;\n${verb} (${list}) "public"."orders";`);
    const { end, events } = await carryOut(made, context);
    expect(end.status, `${sql}: ${end.text}`).toBe('done');
    expect(compared(events)['public.orders']?.outcome, sql).toBe('done');
    expect(linesOf(events).length, sql).toBeGreaterThan(0);
  }
}

test('every option of this version, and a refusal of those that it lacks', async () => {
  const context = contextFor(db.target(), home);
  await tries(context, planVacuum, 'VACUUM', VACUUM);
  await tries(context, planAnalyze, 'ANALYZE', ANALYZE);
  const { server } = await context.session();
  const stats = await planVacuum(context, { only_database_stats: true });
  if (server.major < 16) expect(complaints(stats)).toEqual([expect.stringContaining('from 16 on')]);
  else {
    expect(stats.steps.map(({ preview }) => preview)).toEqual(['VACUUM (ONLY_DATABASE_STATS)']);
    expect((await carryOut(stats, context)).end.status).toBe('done');
  }
  const only = await planAnalyze(context, { table: ['parted'], only: true });
  if (server.major < 18) expect(complaints(only)).toEqual([expect.stringContaining('from 18 on')]);
  else {
    expect(only.steps.map(({ preview }) => preview)).toEqual([
      expect.stringContaining('ANALYZE (VERBOSE) ONLY "public"."parted";'),
      '',
    ]);
    expect((await carryOut(only, context)).end.status).toBe('done');
  }
});

test('what the server refuses together is refused before', async () => {
  const context = contextFor(db.target(), home);
  const { server } = await context.session();
  const wrong: readonly (readonly [Input, string, number])[] = [
    [{ full: true, parallel: 2 }, 'VACUUM (FULL, PARALLEL 2) orders', 13],
    [{ full: true, disable_page_skipping: true }, 'VACUUM (FULL, DISABLE_PAGE_SKIPPING) orders', 13],
    [{ full: true, process_toast: false }, 'VACUUM (FULL, PROCESS_TOAST OFF) orders', 14],
    [{ full: true, buffer_usage_limit: '2MB' }, "VACUUM (FULL, BUFFER_USAGE_LIMIT '2MB') orders", 16],
    [{ only_database_stats: true, freeze: true }, 'VACUUM (ONLY_DATABASE_STATS, FREEZE)', 16],
  ];
  for (const [input, sql, since] of wrong) {
    if (server.major < since) continue;
    expect(complaints(await planVacuum(context, input)).join(), sql).toContain('block Options: ');
    await expect(app.sql(sql), sql).rejects.toThrow();
  }
});

test('a partitioned table with ANALYZE: every partition, and the table itself', async () => {
  const context = contextFor(db.target(), home);
  const { end } = await carryOut(await planVacuum(context, { table: ['parted'], analyze: true }), context);
  expect(end.status, end.text).toBe('done');
  const seen = await app.sql(
    "SELECT DISTINCT tablename FROM pg_stats WHERE tablename IN ('parted', 'part_1') ORDER BY 1",
  );
  expect(seen).toEqual([{ tablename: 'part_1' }, { tablename: 'parted' }]);
});

test('the whole database, as the superuser', async () => {
  const context = contextFor(db.target(), home);
  const { server } = await context.session();
  const plan = await planVacuum(context);
  expect(plan.steps.some(({ preview }) => preview === 'VACUUM (ONLY_DATABASE_STATS)')).toBe(
    server.major >= 16,
  );
  const { end, events } = await carryOut(plan, context);
  expect(end.status, end.text).toBe('done');
  for (const [table, row] of Object.entries(compared(events))) expect(row.outcome, table).toBe('done');
});

test('as owner, as pg_maintain (17+), as a role without rights', async () => {
  const { major } = app.server;
  const owner = await db.roleWith();
  await app.sql('CREATE TABLE owned (id int)');
  await app.sql(`ALTER TABLE owned OWNER TO ${owner}`);
  const roles: [string, boolean][] = [
    [owner, true],
    [await db.roleWith(), false],
    [await db.roleWith('pg_monitor'), false],
  ];
  if (major >= 17) roles.push([await db.roleWith('pg_maintain'), true]);
  for (const [role, may] of roles) {
    const context = contextFor(db.target(role), home);
    for (const [plan, input] of [
      [planVacuum, {}],
      [planVacuum, { full: true }],
      [planAnalyze, {}],
    ] as const) {
      const made = await plan(context, { table: ['owned'], ...input });
      const { end } = await carryOut(made, context);
      expect(end.status, `${role} ${made.title}: ${end.text}`).toBe(may ? 'done' : 'refused');
      if (!may) expect(end.text).toContain(major >= 17 ? 'GRANT MAINTAIN ON' : 'Connect as the owner');
    }
  }
  // nobody's tables: that is no success
  const nothing = await planVacuum(contextFor(db.target(roles[1]?.[0]), home));
  expect(nothing).toMatchObject({ title: 'Nothing to vacuum', steps: [] });
  expect(complaints(nothing)[0]).toMatch(/^block Rights: .* may not vacuum .*owned/);
  await app.sql('DROP TABLE owned');
});

test('cancelled in the middle, whatever the version tells of its progress', async () => {
  await bloated(app, 'slow', 5_000);
  await slowVacuum(app, db.database);
  const context = contextFor(db.target(), home);
  const plan = await planVacuum(context, { table: ['slow'] });
  const abort = new AbortController();
  let seen = '';
  const running = carryOut(plan, context, {
    signal: abort.signal,
    onEvent: (event) => {
      if (event.type === 'progress') seen = event.phase ?? '';
    },
  });
  await until(() => /^\w+ \w+ \(phase \d of 7\)$/.test(seen), { what: 'progress' });
  abort.abort();
  const { end, events } = await running;
  expect(end.status).toBe('cancelled');
  expect(compared(events)['public.slow']?.outcome).toBe('cancelled');
});
