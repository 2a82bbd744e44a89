import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Session } from '../../../src/db/session.ts';
import { vacuum } from '../../../src/ops/maintain/vacuum.ts';
import { client, type TestDatabase, testDatabase, until } from '../../support/cluster.ts';
import { temporaryDirectory } from '../../support/program.ts';
import { carryOut } from '../engine/run/stage.ts';
import {
  bloated,
  compared,
  complaints,
  contextFor,
  linesOf,
  planAnalyze,
  planVacuum,
  tableSteps,
} from './stage.ts';

let db: TestDatabase;
let app: Session;
const home = temporaryDirectory();

beforeAll(async () => {
  db = await testDatabase();
  app = await client(db.target(), 'app');
});
afterAll(() => db.drop());

const dead = async (table: string) =>
  Number((await app.sql(`SELECT pg_stat_get_dead_tuples('${table}'::regclass) AS n`))[0]?.n);

test('one table: dead rows gone, what the server says streamed, before and after compared', async () => {
  await bloated(app, 'one_table');
  await until(async () => (await dead('one_table')) > 0, { what: 'counted dead rows' });
  const context = contextFor(db.target(), home);
  const plan = await planVacuum(context, { table: ['one_table'], analyze: true });
  expect(plan).toMatchObject({
    title: 'Vacuum public.one_table',
    subject: 'public.one_table',
    danger: 'confirm',
    writes: true,
    reason: expect.stringMatching(/^Due: public\.one_table \(~?10k dead rows, \d+ allowed.*\)\.$/),
  });
  expect(complaints(plan)).toEqual([]);
  expect(plan.steps.map(({ preview }) => preview)).toEqual([
    `SET lock_timeout = '5s';\nVACUUM (VERBOSE, ANALYZE) "public"."one_table";`,
    '',
  ]);
  expect(plan.steps[0]?.effect).toMatch(/^SHARE UPDATE EXCLUSIVE: reads and writes continue/);
  const { events, end, run } = await carryOut(plan, context);
  expect(end).toMatchObject({ status: 'done', undo: null });
  const lines = linesOf(events).join('\n');
  expect(lines).toContain('10000');
  expect(lines).toContain('analyzing "public.one_table"');
  // lines come while the statement runs, before its end is told
  const kinds = events.map(({ type }) => type);
  expect(kinds.indexOf('line')).toBeLessThan(kinds.indexOf('finish'));
  expect(compared(events)['public.one_table']).toMatchObject({
    'dead before': '10k',
    'dead after': '0',
    outcome: 'done',
  });
  expect(run?.events.some(({ type }) => type === 'result')).toBe(true);
  expect(await dead('one_table')).toBe(0);
});

test('FULL: the name is typed, the file is another one, and the plan knows how long it took', async () => {
  await bloated(app, 'rewritten');
  const context = contextFor(db.target(), home);
  const input = { table: ['rewritten'], full: true };
  const plan = await planVacuum(context, input);
  expect(plan).toMatchObject({ danger: 'type-name', subject: 'public.rewritten' });
  expect(plan.consequence).toContain('neither read nor written');
  expect(plan.steps[0]?.effect).toMatch(/^ACCESS EXCLUSIVE: .*takes up to \d+(\.\d+)? MB more/);
  expect(plan.checks.find(({ title }) => title === 'Disk')?.detail).toMatch(
    /up to .* MB in the tablespace pg_default.*free in \//,
  );
  const { events, end } = await carryOut(plan, context);
  expect(end.status).toBe('done');
  const row = compared(events)['public.rewritten'];
  expect(Number(row?.['pages after'])).toBeLessThan(Number(row?.['pages before']) * 0.6);
  const again = await planVacuum(context, input);
  expect(again.steps[0]?.effect).toMatch(/; last time \d+\.\d+s$/);
  // another statement on the same table took another time
  expect((await planVacuum(context, { table: ['rewritten'] })).steps[0]?.effect).not.toContain('last time');
});

describe('what is meant', () => {
  beforeAll(async () => {
    await app.sql('CREATE SCHEMA "Störe"');
    await app.sql(
      'CREATE TABLE "Störe"."a.b" (id int) WITH (autovacuum_vacuum_threshold = 1, autovacuum_vacuum_scale_factor = 0, autovacuum_enabled = off)',
    );
    await app.sql('CREATE TABLE "Störe".calm (id int)');
    await app.sql('INSERT INTO "Störe"."a.b" SELECT generate_series(1, 10)');
    await app.sql('DELETE FROM "Störe"."a.b"');
    await app.sql('CREATE TABLE parted (id int) PARTITION BY RANGE (id)');
    await app.sql(
      'CREATE TABLE "Störe".part_1 PARTITION OF parted FOR VALUES FROM (0) TO (10) PARTITION BY RANGE (id)',
    );
    await app.sql('CREATE TABLE part_1_1 PARTITION OF "Störe".part_1 FOR VALUES FROM (0) TO (5)');
    await app.sql('CREATE TABLE part_2 PARTITION OF parted FOR VALUES FROM (10) TO (20)');
    await app.sql('CREATE MATERIALIZED VIEW seen AS SELECT * FROM parted');
    await until(async () => (await dead('"Störe"."a.b"')) === 10, { what: 'counted dead rows' });
  });
  const steps = async (input: Record<string, unknown>, plan = planVacuum) =>
    tableSteps(await plan(contextFor(db.target(), home), input));

  test('a schema, the most urgent table first, with the partitions of its tables', async () => {
    const plan = await planVacuum(contextFor(db.target(), home), { schema: ['Störe'] });
    expect(tableSteps(plan)[0]).toBe('vacuum:"Störe"."a.b"');
    expect(tableSteps(plan).sort()).toEqual(
      ['vacuum:"Störe"."a.b"', 'vacuum:"Störe".calm', 'vacuum:public.part_1_1'].sort(),
    );
    expect(plan.tables?.[0]?.rows[0]?.slice(0, 3)).toEqual([
      '"Störe"."a.b"',
      expect.any(String),
      'due: 10 dead rows, 1 allowed; autovacuum is off for it',
    ]);
    expect(plan.subject).toBe(db.database);
  });

  test('only what is due', async () => {
    expect(await steps({ schema: ['Störe'], due: true })).toEqual(['vacuum:"Störe"."a.b"']);
    expect(await steps({ table: ['"Störe".calm'], due: true })).toEqual([]);
  });

  test('a partitioned table: its partitions; its own statistics with ANALYZE', async () => {
    expect((await steps({ table: ['parted'] })).sort()).toEqual([
      'vacuum:public.part_1_1',
      'vacuum:public.part_2',
    ]);
    const context = contextFor(db.target(), home);
    const { server } = await context.session();
    const analyzed = await planAnalyze(context, { table: ['parted'] });
    if (server.major < 18)
      expect(analyzed.steps.map(({ title }) => title)).toEqual([
        'Analyze public.parted with its 2 partitions',
        'Compare before and after',
      ]);
    else
      expect(analyzed.steps.map(({ preview }) => preview)).toContainEqual(
        expect.stringContaining('ANALYZE (VERBOSE) ONLY "public"."parted";'),
      );
    const { end, events } = await carryOut(
      await planVacuum(context, { table: ['parted'], analyze: true }),
      context,
    );
    expect(end.status).toBe('done');
    expect(linesOf(events).join('\n')).toContain('public.parted');
  });

  test('the whole database: every table a step, the catalogs one', async () => {
    const plan = await planVacuum(contextFor(db.target(), home));
    const ids = plan.steps.map(({ id }) => id);
    expect(ids).toContain('vacuum:public.seen');
    expect(ids).toContain('vacuum:catalogs');
    expect(ids.filter((id) => id.includes('pg_catalog'))).toEqual([]);
    expect(plan.steps.find(({ id }) => id === 'vacuum:catalogs')?.preview).toContain(
      '"pg_catalog"."pg_class"',
    );
    expect(plan.locks).toEqual([{ family: 'vacuum', database: db.database }]);
    expect(await steps({ full: true })).not.toContain('full:catalogs');
    const context = contextFor(db.target(), home);
    expect((await carryOut(plan, context)).end).toMatchObject({ status: 'done' });
    const analyzed = await planAnalyze(context);
    expect(analyzed.steps.find(({ id }) => id === 'analyze:catalogs')?.preview).not.toContain(
      '"pg_statistic"',
    );
    expect((await carryOut(analyzed, context)).end).toMatchObject({ status: 'done' });
  });

  test('the choices say what is an estimate, and no size of what holds no rows', async () => {
    await app.sql('VACUUM part_2');
    const choices = await vacuum.fields.table?.choices?.(contextFor(db.target(), home), {});
    const hints = new Map(choices?.map(({ value, hint }) => [value, hint]));
    expect(hints.get('public.parted')).toBe('partitioned, last never');
    expect(hints.get('public.part_2')).toMatch(/^~0 B, 0 dead rows, 50 allowed, last \d+\.\ds ago$/);
    expect([...hints.keys()].filter((name) => name.startsWith('pg_catalog'))).toEqual([]);
  });

  test('names that are not there, or stand for several', async () => {
    await app.sql('CREATE TABLE calm (id int)');
    await expect(steps({ table: ['clam'] })).rejects.toMatchObject({ next: expect.stringContaining('calm') });
    await expect(steps({ table: ['calm'] })).rejects.toThrow(
      'stands for 2 tables: "Störe".calm, public.calm',
    );
    await expect(steps({ schema: ['Store'] })).rejects.toThrow('There is no schema with tables Store');
  });
});

describe('rights', () => {
  test('a table that was named and is not permitted blocks; others are left out', async () => {
    await app.sql('CREATE TABLE theirs (id int)');
    const role = await db.roleWith();
    await app.sql(`GRANT CREATE ON SCHEMA public TO ${role}`);
    const own = await client(db.target(role), 'own');
    const context = contextFor(db.target(role), home);
    // nothing that is meant may be done: that is not the same as nothing to do
    for (const input of [{}, { schema: ['public'] }]) {
      const none = await planAnalyze(context, input);
      expect(complaints(none)).toEqual([
        expect.stringMatching(new RegExp(`^block Rights: ${role} may not analyze `)),
      ]);
      expect(none.steps).toEqual([]);
    }
    await own.sql('CREATE TABLE mine (id int)');
    const blocked = await planVacuum(context, { table: ['theirs'] });
    expect(complaints(blocked)[0]).toMatch(new RegExp(`^block Rights: ${role} may not vacuum theirs\\. `));
    expect((await carryOut(blocked, context)).end.status).toBe('refused');
    const some = await planVacuum(context, { schema: ['public'] });
    expect(tableSteps(some)).toEqual(['vacuum:public.mine']);
    expect(complaints(some)[0]).toMatch(/^warn Rights: .*left out/);
    expect((await carryOut(some, context)).end.status).toBe('done');
    await app.sql(`DROP OWNED BY ${role} CASCADE`);
  });

  test('a table that the server passes over is a failure, though it says that all went well', async () => {
    await app.sql('CREATE TABLE lost (id int)');
    const role = await db.roleWith();
    await app.sql(`ALTER TABLE lost OWNER TO ${role}`);
    const context = contextFor(db.target(role), home);
    for (const input of [{ table: ['lost'] }, { table: ['lost'], full: true }]) {
      await app.sql(`ALTER TABLE lost OWNER TO ${role}`);
      const plan = await planVacuum(context, input);
      expect(complaints(plan)).toEqual([]);
      await app.sql('ALTER TABLE lost OWNER TO postgres');
      const { end, events } = await carryOut(plan, context);
      expect(end.status).toBe('failed');
      expect(end.text).toContain('The server skipped public.lost: ');
      expect(compared(events)['public.lost']?.outcome).toBe('failed');
    }
    await app.sql(`ALTER TABLE lost OWNER TO ${role}`);
    const plan = await planAnalyze(context, { table: ['lost'] });
    await app.sql('ALTER TABLE lost OWNER TO postgres');
    expect((await carryOut(plan, context)).end.text).toContain('The server skipped public.lost: ');
  });
});

test('what this version lacks, and what does not go together, is refused with the reason', async () => {
  await app.sql('CREATE TABLE refused (id int)');
  const context = contextFor(db.target(), home);
  const { server } = await context.session();
  const lacking = [
    [14, { process_toast: false }, 'PROCESS_TOAST'],
    [16, { buffer_usage_limit: '2MB' }, 'BUFFER_USAGE_LIMIT'],
    [16, { only_database_stats: true }, 'ONLY_DATABASE_STATS'],
    [18, { table: ['refused'], only: true }, 'ONLY before a table'],
  ] as const;
  for (const [since, input, name] of lacking)
    expect(complaints(await planVacuum(context, input)).join(), name).toBe(
      server.major >= since
        ? ''
        : `block Options: PostgreSQL ${server.version} has no ${name}: that is from ${since} on. Remove it.`,
    );
  const together = await planVacuum(context, { table: ['refused'], full: true, parallel: 2 });
  expect(complaints(together)).toContain(
    'block Options: VACUUM FULL cannot be done in parallel. Leave out --parallel.',
  );
  expect((await carryOut(together, context)).end.status).toBe('refused');
  await expect(planVacuum(context, { table: ['refused'], only_database_stats: true })).rejects.toThrow(
    'The age of the database is that of all its tables.',
  );
  expect(() => planVacuum(context, { buffer_usage_limit: 'much' })).toThrow('expected 0, or a size');
});
