import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Session } from '../../../src/db/session.ts';
import { client, type TestDatabase, testDatabase, until } from '../../support/cluster.ts';
import { temporaryDirectory } from '../../support/program.ts';
import { carryOut } from '../engine/run/stage.ts';
import {
  bloatedIndex,
  compared,
  complaints,
  contextFor,
  indexesOf,
  invalidIndexes,
  linesOf,
  planReindex,
} from './stage.ts';

let db: TestDatabase;
let session: Session;
const home = temporaryDirectory();
const here = () => contextFor(db.target(), home);

beforeAll(async () => {
  db = await testDatabase();
  session = await client(db.target());
});
afterAll(() => db.drop());

test('a bloated index is rebuilt while everybody goes on, and is smaller afterwards', async () => {
  await bloatedIndex(session, 'bloated');
  const context = here();
  const plan = await planReindex(context, { index: ['bloated_t'] });
  expect(plan).toMatchObject({
    subject: 'public.bloated_t',
    danger: 'confirm',
    title: 'Reindex public.bloated_t',
  });
  expect(plan.steps.map(({ preview }) => preview)[0]).toBe(
    `SET lock_timeout = '0s';\nREINDEX (VERBOSE) INDEX CONCURRENTLY "public"."bloated_t";`,
  );
  expect(plan.tables?.[0]?.rows[0]?.[2]).toMatch(/^~\d+ kB$/);
  expect(plan.steps[0]?.effect).toMatch(/^reads and writes continue; ~\d+ kB$/);
  expect(plan.tables?.[0]?.rows[0]?.[3]).toMatch(/^~\d.*\(\d.*%\)$/);
  const { end, events } = await carryOut(plan, context);
  expect(end).toMatchObject({ status: 'done' });
  const row = compared(events)['public.bloated_t'];
  expect(row).toMatchObject({ valid: 'yes', outcome: 'done' });
  expect(Number(row?.['pages before'])).toBeGreaterThan(3 * Number(row?.['pages after']));
  expect(linesOf(events)).toContain('No index is invalid.');
});

test('all indexes of a table by one statement, its TOAST index too', async () => {
  await bloatedIndex(session, 'several', 1_000);
  const context = here();
  const plan = await planReindex(context, { table: ['several'] });
  expect(plan.steps.map(({ id }) => id)).toEqual(['table:public.several', 'compare']);
  const { end, events } = await carryOut(plan, context);
  expect(end.status).toBe('done');
  expect(Object.keys(compared(events)).sort()).toEqual([
    expect.stringMatching(/^pg_toast\.pg_toast_\d+_index$/),
    'public.several_pkey',
    'public.several_t',
  ]);
});

test('partitions are rebuilt one by one, by the table and by the index', async () => {
  await session.sql('CREATE TABLE parted (id int PRIMARY KEY) PARTITION BY RANGE (id)');
  for (const n of [1, 2])
    await session.sql(`CREATE TABLE parted_${n} PARTITION OF parted FOR VALUES FROM (${n}) TO (${n + 1})`);
  const context = here();
  const byTable = await planReindex(context, { table: ['parted'] });
  expect(byTable.steps.map(({ id }) => id)).toEqual([
    'table:public.parted_1',
    'table:public.parted_2',
    'compare',
  ]);
  const byIndex = await planReindex(context, { index: ['parted_pkey'] });
  expect(byIndex.steps.map(({ id }) => id)).toEqual([
    'index:public.parted_1_pkey',
    'index:public.parted_2_pkey',
    'compare',
  ]);
  const { end } = await carryOut(byIndex, context);
  expect(end.status).toBe('done');
  expect(await invalidIndexes(session)).toEqual([]);
});

test('names with capitals, blanks and quotes; a name that stands for two', async () => {
  await session.sql('CREATE SCHEMA "店 A"');
  await session.sql('CREATE TABLE "店 A"."T" (id int)');
  await session.sql('CREATE INDEX "an ""index"".x" ON "店 A"."T" (id)');
  await session.sql('CREATE TABLE "店 A".twice (id int CONSTRAINT twice_pkey PRIMARY KEY)');
  await session.sql('CREATE TABLE twice (id int CONSTRAINT twice_pkey PRIMARY KEY)');
  const context = here();
  const plan = await planReindex(context, { index: ['"店 A"."an ""index"".x"'] });
  const { end } = await carryOut(plan, context);
  expect(end.status).toBe('done');
  expect((await planReindex(context, { schema: ['店 A'] })).steps).toHaveLength(3);
  await expect(planReindex(context, { table: ['twice'] })).rejects.toThrow(/stands for 2/);
  await expect(planReindex(context, { index: ['twice_pkez'] })).rejects.toMatchObject({
    next: expect.stringMatching(/Did you mean .*twice_pkey/),
  });
});

test('an index that keeps an exclusion constraint is rebuilt with locks only, and said so', async () => {
  await session.sql(
    'CREATE TABLE excluded (r box, id int PRIMARY KEY, CONSTRAINT no_overlap EXCLUDE USING gist (r WITH &&))',
  );
  const context = here();
  const alone = await planReindex(context, { index: ['no_overlap'] });
  expect(complaints(alone)).toEqual([expect.stringMatching(/^block Exclusion constraints: no_overlap/)]);
  await session.sql('CREATE TABLE only_excluded (r box, CONSTRAINT only_one EXCLUDE USING gist (r WITH &&))');
  expect(complaints(await planReindex(context, { table: ['only_excluded'] }))).toEqual([
    expect.stringMatching(/^block Exclusion constraints: only_one .* Rebuild it with --no-concurrently\.$/),
  ]);
  const table = await planReindex(context, { table: ['excluded'] });
  expect(complaints(table)).toEqual([expect.stringMatching(/^warn Exclusion constraints: no_overlap/)]);
  const { end, events } = await carryOut(table, context);
  expect([end.status, Object.keys(compared(events))]).toEqual(['done', ['public.excluded_pkey']]);
  const locking = await planReindex(context, { index: ['no_overlap'], concurrently: false });
  expect(locking.danger).toBe('type-name');
  expect((await carryOut(locking, context)).end.status).toBe('done');
});

test('system catalogs are not rebuilt concurrently, and are no part of the database', async () => {
  const context = here();
  expect(complaints(await planReindex(context, { table: ['pg_catalog.pg_depend'] }))).toContainEqual(
    expect.stringMatching(/^block System catalogs: pg_catalog.pg_depend cannot/),
  );
  const whole = await planReindex(context, { database: true });
  expect(whole.steps.filter(({ preview }) => preview.includes('"pg_catalog"'))).toEqual([]);
});

test('a unique index that failed is built again once it can be; a copy of another is removed', async () => {
  await session.sql('CREATE TABLE pairs (id int)');
  await session.sql('INSERT INTO pairs VALUES (1), (1)');
  await session.sql('CREATE INDEX pairs_plain ON pairs (id)');
  await expect(session.sql('CREATE UNIQUE INDEX CONCURRENTLY pairs_id ON pairs (id)')).rejects.toThrow();
  // what REINDEX CONCURRENTLY leaves, and an index of somebody that only bears such a name
  await session.sql('CREATE INDEX pairs_plain_ccnew1 ON pairs (id)');
  await session.sql('CREATE INDEX named_ccnew ON pairs ((id + 1))');
  await session.sql(
    "UPDATE pg_index SET indisvalid = false WHERE indexrelid IN ('pairs_plain_ccnew1'::regclass, 'named_ccnew'::regclass)",
  );
  const context = here();
  const first = await planReindex(context, { table: ['pairs'] });
  expect(first.steps.map(({ id }) => id)).toEqual([
    'mend:public.named_ccnew',
    'mend:public.pairs_id',
    'drop:public.pairs_plain_ccnew1',
    'table:public.pairs',
    'compare',
  ]);
  const failed = await carryOut(first, context);
  expect(failed.end).toMatchObject({
    status: 'failed',
    text: expect.stringMatching(/pairs_id.*duplicate|could not create unique/s),
  });
  expect(failed.end.text).not.toMatch(/Not rolled back/);
  expect(await indexesOf(session, 'pairs')).toEqual(['named_ccnew', 'pairs_id', 'pairs_plain']);
  expect(await invalidIndexes(session)).toEqual(['pairs_id']);
  await session.sql('DELETE FROM pairs WHERE ctid = (SELECT min(ctid) FROM pairs)');
  const second = await planReindex(context, { index: ['pairs_id'] });
  expect(second.title).toBe('Clean up public.pairs_id');
  expect((await carryOut(second, context)).end.status).toBe('done');
  expect(await invalidIndexes(session)).toEqual([]);
});

test('an invalid index that was there before and nobody has asked for is told, and fails nothing', async () => {
  await session.sql('CREATE TABLE phones (id int PRIMARY KEY, phone text)');
  await session.sql("INSERT INTO phones VALUES (1, '1'), (2, '1')");
  const broken = 'CREATE UNIQUE INDEX CONCURRENTLY phones_phone ON phones (phone)';
  await expect(session.sql(broken)).rejects.toThrow();
  const context = here();
  const { end, events } = await carryOut(await planReindex(context, { index: ['phones_pkey'] }), context);
  expect(end.status).toBe('done');
  expect(linesOf(events)).toContain('1 index is invalid.');
  expect(linesOf(events)).toContain(
    'public.phones_phone was invalid before and still is. To repair: pgdeck reindex --index public.phones_phone',
  );
  // one that was not there when it was planned is no such
  await session.sql('DROP INDEX phones_phone');
  const plan = await planReindex(context, { index: ['phones_pkey'] });
  await expect(session.sql(broken)).rejects.toThrow();
  expect((await carryOut(plan, context)).end).toMatchObject({
    status: 'failed',
    text: expect.stringContaining('public.phones_phone is invalid.'),
  });
  await session.sql('DROP TABLE phones');
});

test('an index that somebody builds now is left alone', async () => {
  await session.sql('CREATE TABLE busy (id int)');
  const writer = await client(db.target(), 'writer');
  await writer.sql('BEGIN');
  await writer.sql('INSERT INTO busy VALUES (1)');
  const builder = await client(db.target(), 'builder');
  const built = builder.sql('CREATE INDEX CONCURRENTLY busy_id ON busy (id)');
  try {
    await until(async () => (await invalidIndexes(session)).includes('busy_id'), {
      what: 'the build has begun',
    });
    const plan = await planReindex(here(), { table: ['busy'] });
    expect(plan.steps).toEqual([]);
    expect(complaints(plan)).toContainEqual(
      expect.stringContaining(
        `block Invalid indexes: public.busy_id is not valid yet: session ${builder.pid} (builder)`,
      ),
    );
  } finally {
    await writer.sql('ROLLBACK');
    await built;
  }
});

test('a role without rights is refused, its own tables are not', async () => {
  const role = await db.roleWith();
  await session.sql('CREATE TABLE foreign_one (id int PRIMARY KEY)');
  await session.sql(`CREATE SCHEMA AUTHORIZATION ${role}`);
  await session.sql(`CREATE TABLE ${role}.own (id int PRIMARY KEY)`);
  await session.sql(`ALTER TABLE ${role}.own OWNER TO ${role}`);
  const context = contextFor(db.target(role), home);
  expect(complaints(await planReindex(context, { table: ['foreign_one'] }))).toContainEqual(
    expect.stringMatching(/^block Rights: .* may not reindex foreign_one/),
  );
  const { end } = await carryOut(await planReindex(context, { schema: [role] }), context);
  expect(end.status).toBe('done');
});
