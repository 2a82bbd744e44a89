import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Session } from '../../../../src/db/session.ts';
import { client, type TestDatabase, testDatabase } from '../../../support/cluster.ts';
import { temporaryDirectory } from '../../../support/program.ts';
import { carryOut } from '../../engine/run/stage.ts';
import {
  complaints,
  contextFor,
  described,
  done,
  indexesOf,
  invalidIndexes,
  planCreate,
  planUndo,
} from '../stage.ts';

let db: TestDatabase;
let session: Session;
const home = temporaryDirectory();
const here = () => contextFor(db.target(), home);

beforeAll(async () => {
  db = await testDatabase();
  session = await client(db.target());
});
afterAll(() => db.drop());

/** Two partitions, the second of which is partitioned itself. */
async function parted(name: string): Promise<void> {
  await session.sql(`CREATE TABLE ${name} (id int, a int) PARTITION BY RANGE (id)`);
  await session.sql(`CREATE TABLE ${name}_1 PARTITION OF ${name} FOR VALUES FROM (0) TO (100)`);
  await session.sql(
    `CREATE TABLE ${name}_2 PARTITION OF ${name} FOR VALUES FROM (100) TO (200) PARTITION BY LIST (id)`,
  );
  await session.sql(`CREATE TABLE ${name}_2a PARTITION OF ${name}_2 FOR VALUES IN (100, 101)`);
  await session.sql(`CREATE TABLE ${name}_2b PARTITION OF ${name}_2 DEFAULT`);
  await session.sql(`INSERT INTO ${name} SELECT i, i % 5 FROM generate_series(0, 199) i`);
}

test('on partitions one by one, attached, valid at the end; an undo drops all of it', async () => {
  await parted('p');
  const context = here();
  const plan = await planCreate(context, { table: 'p', columns: ['a'] });
  expect(complaints(plan)).toEqual([]);
  expect(plan.steps.map(({ id }) => id)).toEqual([
    'create:public.p_a_idx',
    'create:public.p_1_a_idx',
    'attach:public.p_1_a_idx',
    'create:public.p_2_a_idx',
    'create:public.p_2a_a_idx',
    'attach:public.p_2a_a_idx',
    'create:public.p_2b_a_idx',
    'attach:public.p_2b_a_idx',
    'whole',
  ]);
  expect(plan.steps[0]?.preview).toContain('CREATE INDEX "p_a_idx" ON ONLY "public"."p" USING btree ("a")');
  const { run } = await done(plan, context);
  expect(await invalidIndexes(session)).toEqual([]);
  expect(complaints(await planCreate(context, { table: 'p', columns: ['a'] }))).toEqual([
    expect.stringMatching(/^block Other indexes: It is there already/),
  ]);
  await done(await planUndo(context, run), context);
  for (const table of ['p', 'p_1', 'p_2', 'p_2a', 'p_2b'])
    expect(await indexesOf(session, table)).toEqual([]);
});

test('an index that a partition has is attached, and is there again after an undo', async () => {
  await parted('q');
  await session.sql('CREATE INDEX own ON q_1 (a)');
  await session.sql("COMMENT ON INDEX own IS 'mine'");
  const before = await described(session, 'own');
  const context = here();
  const plan = await planCreate(context, { table: 'q', columns: ['a'] });
  expect(plan.steps.map(({ id }) => id).slice(0, 3)).toEqual([
    'create:public.q_a_idx',
    'attach:public.own',
    'create:public.q_2_a_idx',
  ]);
  const { run } = await done(plan, context);
  expect(await indexesOf(session, 'q_1')).toEqual(['own']);
  const undo = await planUndo(context, run);
  expect(complaints(undo)).toEqual([expect.stringMatching(/^warn public\.own: It was there before/)]);
  await done(undo, context);
  expect(await described(session, 'own')).toEqual(before);
  expect(await indexesOf(session, 'q')).toEqual([]);
});

test('what failed at one partition goes on where it is', async () => {
  await parted('r');
  await session.sql('CREATE UNIQUE INDEX r_2b_spoiler ON r_2b (id)');
  const context = here();
  const input = { table: 'r', columns: ['id', 'a'], unique: true };
  // a name that is taken between plan and run makes one of the parts fail
  const plan = await planCreate(context, input);
  await session.sql('CREATE TABLE r_2b_id_a_idx ()');
  const { end } = await carryOut(plan, context);
  expect(end.status).toBe('failed');
  expect(await invalidIndexes(session)).toEqual(['r_2_id_a_idx', 'r_id_a_idx']);
  const again = await planCreate(context, input);
  expect(complaints(again)).toEqual([
    expect.stringMatching(/^warn Other indexes: public\.r_id_a_idx is there and not valid yet/),
  ]);
  expect(again.steps.map(({ id }) => id)).toEqual([
    'create:public.r_2b_id_a_idx1',
    'attach:public.r_2b_id_a_idx1',
    'whole',
  ]);
  await done(again, context);
  expect(await invalidIndexes(session)).toEqual([]);
});

test('a unique index of a partition is no part of one that is not unique: the partition gets its own', async () => {
  await parted('keyed');
  await session.sql('ALTER TABLE keyed_1 ADD PRIMARY KEY (id)');
  await session.sql('CREATE UNIQUE INDEX keyed_2a_own ON keyed_2a (id)');
  const context = here();
  await done(await planCreate(context, { table: 'keyed', columns: ['id'] }), context);
  expect(await invalidIndexes(session)).toEqual([]);
  expect(await described(session, 'keyed_1_id_idx')).toMatchObject({ valid: true });
  await parted('pair');
  await session.sql('ALTER TABLE pair_1 ADD PRIMARY KEY (id)');
  const plan = await planCreate(context, { table: 'pair', columns: ['id'], unique: true });
  expect(plan.steps.map(({ id }) => id)).toContain('attach:public.pair_1_pkey');
  await done(plan, context);
  expect(await described(session, 'pair_id_idx')).toMatchObject({ valid: true });
});
