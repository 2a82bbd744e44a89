import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Session } from '../../../src/db/session.ts';
import { check } from '../../../src/ops/check/check.ts';
import { undo } from '../../../src/ops/engine/undo.ts';
import { client, type TestDatabase, testDatabase } from '../../support/cluster.ts';
import { temporaryDirectory } from '../../support/program.ts';
import { carryOut } from '../engine/run/stage.ts';
import { complaints, contextFor, planCheck, results } from './stage.ts';

const home = temporaryDirectory();
let db: TestDatabase;
let session: Session;

const here = (role?: string) => contextFor(db.target(role), home);

async function run(input: Record<string, unknown>, role?: string) {
  const context = here(role);
  return carryOut(await planCheck(context, input), context);
}

beforeAll(async () => {
  db = await testDatabase();
  session = await client(db.target());
  await session.sql("CREATE TABLE plain AS SELECT g AS id, 'x' || g AS t FROM generate_series(1, 100) g");
  await session.sql('CREATE UNIQUE INDEX plain_id ON plain (id)');
  await session.sql('CREATE INDEX plain_hash ON plain USING hash (id)');
});
afterAll(() => db.drop());

describe('without amcheck', () => {
  test('the plan says the one statement, and reads every row', async () => {
    const plan = await planCheck(here(), { table: ['plain'] });
    expect(plan).toMatchObject({ writes: false, danger: 'none', subject: 'public.plain' });
    expect(plan.facts).toContainEqual({
      label: 'Not seen',
      value: expect.stringContaining('pages that were emptied or cut off (--lost-rows looks for them)'),
    });
    const told = complaints(plan);
    expect(told).toContainEqual(
      expect.stringMatching(
        /^warn amcheck: The extension amcheck is not installed .* --install, or CREATE EXTENSION amcheck SCHEMA "public"$/,
      ),
    );
    expect(told).toContainEqual(
      expect.stringMatching(/^warn Not checked: .*plain_id: bt_index_check of amcheck is not there/),
    );
    expect(plan.steps[0]?.preview).toContain('SELECT count((r.*)::text) FROM ONLY "public"."plain" AS r');
    const { end, events } = await run({ table: ['plain'] });
    expect(end, end.text).toMatchObject({ status: 'done', ok: true });
    expect(end.state).toMatch(/^1 relation is whole; 3 were not checked\./);
    expect(results(events)).toMatchObject({
      'public.plain': { result: 'ok', found: 'read' },
      'public.plain_id': { result: 'not checked' },
    });
  });

  test('an index alone cannot be checked: nothing is done', async () => {
    const plan = await planCheck(here(), { index: ['plain_id'] });
    expect(plan.steps).toEqual([]);
    expect(complaints(plan)).toContainEqual(expect.stringMatching(/^block Not checked: plain_id/));
  });

  test('it is created where that is asked for, confirmed, and undone', async () => {
    const context = here();
    const plan = await planCheck(context, { table: ['plain'], install: true });
    expect(plan).toMatchObject({ writes: true, danger: 'confirm', undo: 'undo' });
    expect(plan.steps[0]).toMatchObject({
      id: 'install',
      preview: 'CREATE EXTENSION amcheck SCHEMA "public";',
    });
    const { end, events } = await carryOut(plan, context);
    expect(end).toMatchObject({ status: 'done', undo: `pgdeck undo ${end.run}` });
    expect(results(events)).toMatchObject({ 'public.plain_id': { result: 'ok', found: 'bt_index_check' } });
    const again = here();
    const back = await undo.plan({ run: end.run }, again);
    expect(back.steps.map(({ preview }) => preview)).toEqual(['DROP EXTENSION amcheck;']);
    expect((await carryOut(back, again)).end.status).toBe('done');
    expect(await session.sql("SELECT FROM pg_extension WHERE extname = 'amcheck'")).toEqual([]);
    await expect(planCheck(here(), { table: ['plain'] })).resolves.toMatchObject({ writes: false });
  });

  test('a run that fails after it was created says that it stays; one that was killed is cleaned up', async () => {
    const context = here();
    const plan = await planCheck(context, { table: ['plain'], install: true });
    const steps = plan.steps.map((step) =>
      step.id === 'table:public.plain' ? { ...step, run: () => Promise.reject(new Error('no')) } : step,
    );
    const { end } = await carryOut({ ...plan, steps }, context);
    expect(end).toMatchObject({
      status: 'failed',
      state: expect.stringMatching(/stays; to remove it: DROP EXTENSION amcheck$/),
    });
    // as a killed run leaves it
    const killed = { id: end.run, facts: { check: { installs: true } } } as never;
    expect(await check.recover?.(killed, here())).toMatchObject({
      title: expect.stringMatching(/^Remove the extension amcheck/),
    });
    await session.sql('DROP EXTENSION amcheck');
    expect(await check.recover?.(killed, here())).toBeUndefined();
  });
});

describe('with amcheck in a schema of its own', () => {
  beforeAll(async () => {
    await session.sql('CREATE SCHEMA "Am Check"');
    await session.sql('CREATE EXTENSION amcheck SCHEMA "Am Check"');
  });

  test('it is called there; what it has no check for is told', async () => {
    const plan = await planCheck(here(), { table: ['plain'], heapallindexed: true });
    expect(plan.steps[0]?.preview).toMatch(/SELECT "Am Check"\.bt_index_check\(\d+::regclass, true/);
    expect(complaints(plan)).toContainEqual(
      'warn Not checked: plain_hash: amcheck has no check for hash indexes.',
    );
    const { end } = await carryOut(plan, here());
    expect(end, end.text).toMatchObject({ status: 'done' });
  });

  test('only the indexes, and with parents: writers wait, and that is said', async () => {
    const plan = await planCheck(here(), { table: ['plain'], heap: false, parent: true });
    expect(plan.steps[0]?.preview).toMatch(/^SELECT "Am Check"\.bt_index_parent_check\(/);
    expect(plan.steps[0]?.effect).toMatch(/^writers to the table wait \(ShareLock\)/);
    expect(complaints(plan)).toContainEqual(
      expect.stringMatching(/^warn With parents: .*waits while its indexes are checked/),
    );
    expect((await carryOut(plan, here())).end.status).toBe('done');
  });

  test('whether every row is in the index is found out where it is asked for', async () => {
    await session.sql('CREATE TABLE short (id int)');
    await session.sql('CREATE INDEX short_id ON short (id)');
    // rows that come while the index takes no writes are not in it
    await session.sql("UPDATE pg_index SET indisready = false WHERE indexrelid = 'short_id'::regclass");
    await session.sql('INSERT INTO short SELECT generate_series(1, 10)');
    await session.sql("UPDATE pg_index SET indisready = true WHERE indexrelid = 'short_id'::regclass");
    expect((await run({ index: ['short_id'] })).end).toMatchObject({ status: 'done' });
    const { end, events } = await run({ index: ['short_id'], heapallindexed: true });
    expect(end).toMatchObject({ status: 'failed', next: 'pgdeck reindex --index public.short_id' });
    expect(results(events)['public.short_id']).toMatchObject({
      result: 'damaged',
      found: expect.stringMatching(/lacks matching index tuple/),
    });
    await session.sql('DROP TABLE short');
  });

  test('an invalid index is told, with what repairs it', async () => {
    await session.sql('CREATE TABLE inv (id int)');
    await session.sql('CREATE INDEX inv_id ON inv (id)');
    await session.sql("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'inv_id'::regclass");
    expect(complaints(await planCheck(here(), { table: ['inv'] }))).toContainEqual(
      'warn Not checked: inv_id: it is invalid; to repair it: pgdeck reindex --index public.inv_id.',
    );
    await session.sql('DROP TABLE inv');
  });

  test('each partition, and temporary tables not at all', async () => {
    await session.sql('CREATE TABLE parted (id int PRIMARY KEY) PARTITION BY RANGE (id)');
    for (const n of [1, 2])
      await session.sql(`CREATE TABLE parted_${n} PARTITION OF parted FOR VALUES FROM (${n}) TO (${n + 1})`);
    await session.sql('CREATE TEMPORARY TABLE mine (id int PRIMARY KEY)');
    const plan = await planCheck(here(), { table: ['parted'] });
    expect(plan.steps.map(({ id }) => id)).toEqual([
      'table:public.parted_1',
      'table:public.parted_2',
      'summary',
    ]);
    const byIndex = await planCheck(here(), { index: ['parted_pkey'] });
    expect(byIndex.steps.map(({ id }) => id)).toEqual([
      'index:public.parted_1_pkey',
      'index:public.parted_2_pkey',
      'summary',
    ]);
    const all = await planCheck(here());
    expect(all.steps[0]?.id).toBe('catalogs');
    expect(all.steps.map(({ id }) => id)).not.toContainEqual(expect.stringContaining('mine'));
    await session.sql('DROP TABLE parted');
  });

  test('what is larger than --max-size is left out and told', async () => {
    const plan = await planCheck(here(), { max_size: '12kB' });
    expect(complaints(plan)).toContainEqual(
      expect.stringMatching(/^warn Not checked: .*: it has [\d.]+ kB, more than --max-size\.$/),
    );
    expect(() => planCheck(here(), { max_size: 'much' })).toThrow(/a size such as 500MB/);
  });

  test('a table that somebody has locked is not checked, and says by whom; the others are', async () => {
    await session.sql('CREATE TABLE held (id int PRIMARY KEY)');
    const context = here();
    const plan = await planCheck(context, { table: ['held', 'plain'], lock_timeout: 0.1 });
    const holder = await client(db.target(), 'holder');
    await holder.sql('BEGIN');
    await holder.sql('LOCK TABLE held IN ACCESS EXCLUSIVE MODE');
    const warned = await planCheck(context, { table: ['held', 'plain'], lock_timeout: 0.1 });
    expect(complaints(warned)).toContainEqual(
      expect.stringMatching(/^warn Locks: Session \d+ .*holder.* holds held/),
    );
    const { end, events } = await carryOut(plan, context);
    await holder.close();
    expect(end, end.text).toMatchObject({ status: 'done', ok: true });
    expect(results(events)).toMatchObject({
      'public.held': {
        result: 'not checked',
        found: expect.stringMatching(/^locked by session \d+ \(postgres, holder, idle in transaction/),
      },
      'public.held_pkey': { result: 'not checked' },
      'public.plain': { result: 'ok' },
    });
    await session.sql('DROP TABLE held');
  });

  test('nothing that could be checked is no verdict, and fails', async () => {
    await session.sql('CREATE TABLE alone (id int)');
    const context = here();
    const plan = await planCheck(context, { table: ['alone'], lock_timeout: 0.1 });
    const holder = await client(db.target(), 'holder');
    await holder.sql('BEGIN');
    await holder.sql('LOCK TABLE alone IN ACCESS EXCLUSIVE MODE');
    const { end } = await carryOut(plan, context);
    await holder.close();
    expect(end).toMatchObject({
      status: 'failed',
      text: expect.stringContaining('Nothing was checked: there is no verdict on 1 relation.'),
    });
    await session.sql('DROP TABLE alone');
  });

  test('a table that is dropped meanwhile', async () => {
    await session.sql('CREATE TABLE going (id int)');
    const context = here();
    const plan = await planCheck(context, { table: ['going', 'plain'] });
    await session.sql('DROP TABLE going');
    const { end, events } = await carryOut(plan, context);
    expect(end).toMatchObject({ status: 'done' });
    expect(results(events)['public.going']).toEqual({
      result: 'not checked',
      found: 'it was dropped meanwhile',
    });
  });

  test('the time limit ends what is begun, and what is left out is told', async () => {
    const context = here();
    const { end, events } = await carryOut(await planCheck(context, { time_limit: '1ms' }), context);
    const open = Object.values(results(events)).filter(({ found }) => found === 'the time limit was over');
    expect(open.length).toBeGreaterThan(0);
    expect(end.state ?? end.text).toMatch(/were not checked/);
  });

  test('a role that may not: told, with what would allow it', async () => {
    const role = await db.roleWith();
    const told = complaints(await planCheck(here(role), { table: ['plain'] }));
    expect(told).toContainEqual(
      expect.stringMatching(/^warn amcheck: .* may not use the schema Am Check of amcheck/),
    );
    expect(told).toContainEqual('block Not checked: plain: this role may not read it.');
    await session.sql(`GRANT USAGE ON SCHEMA "Am Check" TO ${role}`);
    const more = complaints(await planCheck(here(role), { table: ['plain'] }));
    expect(more).toContainEqual(
      expect.stringMatching(
        /A superuser can allow it: GRANT EXECUTE ON FUNCTION "Am Check"\.bt_index_check\(index regclass\) TO/,
      ),
    );
    await session.sql(`GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA "Am Check" TO ${role}`);
    const { end } = await run({ table: ['plain'] }, role);
    expect(end, end.text).toMatchObject({ status: 'done' });
  });

  test('rows that a policy hides are no reading of the table', async () => {
    const role = await db.roleWith();
    await session.sql('CREATE TABLE policed (id int)');
    await session.sql('ALTER TABLE policed ENABLE ROW LEVEL SECURITY');
    await session.sql(`GRANT SELECT ON policed TO ${role}`);
    expect(complaints(await planCheck(here(role), { table: ['policed'] }))).toContainEqual(
      'block Not checked: policed: row-level security hides rows of it from this role.',
    );
    await session.sql('DROP TABLE policed');
  });

  test('settings that hide damage: switched off for a superuser, and a block for others', async () => {
    await session.sql(`ALTER DATABASE ${db.database} SET zero_damaged_pages = on`);
    const role = await db.roleWith('pg_read_all_data').catch(() => db.roleWith());
    expect(complaints(await planCheck(here(role), { table: ['plain'] }))).toContainEqual(
      expect.stringMatching(
        /^block zero_damaged_pages: It is on: whoever reads a damaged page empties it for good/,
      ),
    );
    const context = here();
    const plan = await planCheck(context, { table: ['plain'], read: true });
    expect(complaints(plan)).toContainEqual(
      expect.stringMatching(/^warn zero_damaged_pages: .* It is off for this run\.$/),
    );
    await session.sql(`ALTER DATABASE ${db.database} RESET zero_damaged_pages`);
  });

  test('pg_dump reads each table to nowhere', async () => {
    await session.sql('CREATE SCHEMA "店"');
    await session.sql(`CREATE TABLE "店"."a ""b"" $c.*" AS SELECT 1 AS x`);
    const context = here();
    const plan = await planCheck(context, { table: [`"店"."a ""b"" $c.*"`], dump: true });
    expect(plan.steps[0]?.preview).toMatch(
      /pg_dump -w .*--strict-names --lock-wait-timeout=3s -f \/dev\/null -d test_/,
    );
    const { end, events } = await carryOut(plan, context);
    expect(end, end.text).toMatchObject({ status: 'done' });
    expect(Object.keys(results(events))).toContain(`"店"."a ""b"" $c.*"`);
    await session.sql('DROP SCHEMA "店" CASCADE');
  });
});
