import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Session } from '../../../../src/db/session.ts';
import { client, type TestDatabase, testDatabase } from '../../../support/cluster.ts';
import { temporaryDirectory } from '../../../support/program.ts';
import { carryOut, contextOf } from '../../engine/run/stage.ts';
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
  await session.sql('CREATE TABLE t (id int PRIMARY KEY, a int, b text, "C d" int, deleted date)');
  await session.sql("INSERT INTO t SELECT i, i % 7, 'x' || i, i FROM generate_series(1, 2000) i");
  await session.sql('ANALYZE t');
});
afterAll(() => db.drop());

test('an index is made, valid, and an undo drops it', async () => {
  const context = here();
  const plan = await planCreate(context, { table: 't', columns: ['a,b DESC'] });
  expect(plan).toMatchObject({ subject: 'public.t_a_b_idx', danger: 'confirm', writes: true });
  expect(plan.steps.map(({ preview }) => preview)).toEqual(
    [
      `SET lock_timeout = '0s';\nCREATE INDEX CONCURRENTLY "t_a_b_idx" ON "public"."t" USING btree ("a", b DESC);`,
    ].map((text) => expect.stringContaining(text.slice(text.indexOf('CREATE')))),
  );
  expect(complaints(plan)).toEqual([]);
  const { run, end } = await done(plan, context);
  expect(end.undo).toBe(`pgdeck undo ${run}`);
  expect(await described(session, 't_a_b_idx')).toMatchObject({
    definition: 'CREATE INDEX t_a_b_idx ON public.t USING btree (a, b DESC)',
    valid: true,
  });
  const again = await planCreate(context, { table: 't', columns: ['a', 'b desc'] });
  expect(complaints(again)).toEqual([
    'block Other indexes: It is there already: CREATE INDEX t_a_b_idx ON public.t USING btree (a, b DESC)',
  ]);
  expect(complaints(await planCreate(context, { table: 't', columns: ['a'] }))).toEqual([
    expect.stringMatching(/^warn Other indexes: public\.t_a_b_idx begins with the same keys/),
  ]);
  const undo = await planUndo(context, run);
  expect(undo.steps.map(({ preview }) => preview)[0]).toContain(
    'DROP INDEX CONCURRENTLY "public"."t_a_b_idx"',
  );
  await done(undo, context);
  expect(await described(session, 't_a_b_idx')).toBeUndefined();
});

test('an undo drops nothing that is not what the run has made any more', async () => {
  const context = here();
  const { run } = await done(
    await planCreate(context, { table: 't', columns: ['b'], name: 'mine' }),
    context,
  );
  await session.sql('ALTER INDEX mine RENAME TO yours');
  expect(complaints(await planUndo(context, run))).toEqual([
    expect.stringMatching(
      /^block public\.mine: It is not what the run has made any more: CREATE INDEX yours/,
    ),
  ]);
  await session.sql('DROP INDEX yours');
  await session.sql('CREATE INDEX mine ON t (b)');
  await expect(planUndo(context, run)).rejects.toThrow(/nothing to take back/);
  await session.sql('DROP INDEX mine');
});

test('expressions, a condition, included columns, names with everything in them', async () => {
  const context = here();
  const input = {
    table: 't',
    columns: ['C d'],
    expression: ["lower(b || ',')"],
    where: 'deleted IS NULL',
    include: ['id'],
    name: 'an "index".X 店',
  };
  const plan = await planCreate(context, input);
  expect(complaints(plan)).toEqual([]);
  await done(plan, context);
  expect(await described(session, '"an ""index"".X 店"')).toMatchObject({
    definition: `CREATE INDEX "an ""index"".X 店" ON public.t USING btree ("C d", lower((b || ','::text))) INCLUDE (id) WHERE (deleted IS NULL)`,
    valid: true,
  });
  // the server has put in a type
  expect(complaints(await planCreate(context, { ...input, name: 'other' }))).toEqual([
    expect.stringMatching(/^warn Other indexes: But for types it is the same as public\."an ""index"".X 店"/),
  ]);
});

test.each([
  [{ columns: ['a) WHERE (true'] }, /more than that|is no column/],
  [{ columns: ['a); DROP TABLE t; --'] }, /more than that/],
  [{ columns: ['a -- '] }, /is no column/],
  [{ columns: ['a'], where: 'true) WITH (fillfactor = 10' }, /is no column|cannot be used/],
  [{ columns: ['a'], where: '1 = 1 /*' }, /is no column/],
  [{ expression: ['a), (b'] }, /more than one/],
  [{ columns: ['aa'] }, /has no column aa\./],
  [{ columns: ['a'], include: ['nope'] }, /has no column nope/],
])('%j is refused', async (input, sentence) => {
  await expect(planCreate(here(), { table: 't', ...input })).rejects.toThrow(sentence);
});

test('what only the server knows is told before anything is done', async () => {
  expect(complaints(await planCreate(here(), { table: 't', expression: ['lowr(b)'] }))).toEqual([
    expect.stringMatching(/^block Expression: The server says: .*lowr/),
  ]);
  expect(complaints(await planCreate(here(), { table: 't', columns: ['a'], where: 'id' }))).toEqual([
    expect.stringMatching(/^block Expression: The server says: .*boolean/),
  ]);
  const context = here();
  const { end } = await carryOut(await planCreate(context, { table: 't', expression: ['now()'] }), context);
  expect(end).toMatchObject({ status: 'failed', text: expect.stringContaining('IMMUTABLE') });
  expect(await invalidIndexes(session)).toEqual([]);
});

test('names in an expression are found as the role finds them', async () => {
  await session.sql('CREATE FUNCTION twice(int) RETURNS int IMMUTABLE LANGUAGE sql AS $$SELECT $1 * 2$$');
  const context = here();
  const plan = await planCreate(context, { table: 't', expression: ['twice(a)'] });
  expect(complaints(plan)).toEqual([]);
  await done(plan, context);
  expect(await described(session, 't_expr_idx')).toMatchObject({
    definition: 'CREATE INDEX t_expr_idx ON public.t USING btree (twice(a))',
  });
});

test('a name is chosen that nobody has; one that is taken is refused', async () => {
  await session.sql('CREATE TABLE t_deleted_idx ()');
  const context = here();
  expect((await planCreate(context, { table: 't', columns: ['deleted'] })).subject).toBe(
    'public.t_deleted_idx1',
  );
  expect(
    complaints(await planCreate(context, { table: 't', columns: ['deleted'], name: 't_deleted_idx' })),
  ).toEqual([expect.stringMatching(/^block Name: There is a relation public\.t_deleted_idx already/)]);
  const long = 'käse'.repeat(12);
  await session.sql(`CREATE TABLE "${long}" (id int)`);
  const plan = await planCreate(context, { table: long, columns: ['id'] });
  await done(plan, context);
  expect(await indexesOf(session, `"${long}"`)).toHaveLength(1);
});

test('a unique one: equal keys are counted, with the query that lists them; NULLs are none', async () => {
  const context = here();
  const plan = await planCreate(context, { table: 't', columns: ['a'], unique: true });
  const [said] = complaints(plan);
  expect(said).toMatch(
    /^block Unique: 7 keys are those of more than one row \(2\.0k rows\)\. List them: SELECT "a", count/,
  );
  const [, sql = ''] = /List them: (.*)$/.exec(said ?? '') ?? [];
  expect(await session.sql(sql)).toHaveLength(7);
  expect(complaints(await planCreate(context, { table: 't', columns: ['deleted'], unique: true }))).toEqual(
    [],
  );
  const whole = await planCreate(context, { table: 't', columns: ['a', 'b'], unique: true });
  expect(complaints(whole)).toEqual([]);
  await done(whole, context);
});

test('equal keys that come in meanwhile: it fails, and nothing is left', async () => {
  await session.sql('CREATE TABLE late (n int)');
  await session.sql('INSERT INTO late SELECT generate_series(1, 100)');
  const context = here();
  const plan = await planCreate(context, { table: 'late', columns: ['n'], unique: true });
  await session.sql('INSERT INTO late VALUES (1)');
  const { end } = await carryOut(plan, context);
  expect(end).toMatchObject({ status: 'failed', text: expect.not.stringMatching(/Not rolled back/) });
  expect(await indexesOf(session, 'late')).toEqual([]);
});

test('an invalid one that was there before is left alone, but for the one that is asked for again', async () => {
  await session.sql('CREATE TABLE old (n int, m int)');
  await session.sql('INSERT INTO old VALUES (1, 1), (1, 1)');
  for (const column of ['n', 'm'])
    await expect(
      session.sql(`CREATE UNIQUE INDEX CONCURRENTLY old_${column}_idx ON old (${column})`),
    ).rejects.toThrow();
  await session.sql('DELETE FROM old');
  const context = here();
  const plan = await planCreate(context, { table: 'old', columns: ['n'], unique: true });
  expect(complaints(plan)).toEqual([
    expect.stringMatching(
      /^warn Invalid indexes: public\.old_n_idx was begun and not finished: it is removed first/,
    ),
  ]);
  expect(plan.steps.map(({ id }) => id)).toEqual(['remove:public.old_n_idx', 'create:public.old_n_idx']);
  await done(plan, context);
  expect(await invalidIndexes(session)).toEqual(['old_m_idx']);
  expect(await described(session, 'old_n_idx')).toMatchObject({ valid: true });
  await session.sql('DROP TABLE old');
});

test('another owner’s table, and read-only', async () => {
  const role = await db.roleWith();
  const foreign = contextFor(db.target(role), home);
  expect(complaints(await planCreate(foreign, { table: 't', columns: ['deleted'] }))[0]).toMatch(
    new RegExp(`^block Rights: ${role} may not create it: public.t belongs to postgres`),
  );
  const context = contextOf(db.target(), home, { readOnly: true });
  try {
    const { end } = await carryOut(await planCreate(context, { table: 't', columns: ['deleted'] }), context);
    expect(end).toMatchObject({ status: 'refused' });
  } finally {
    await context.close();
  }
});

test('equal keys are looked for whatever order and operator class are asked for; a size that is not known is said so', async () => {
  await session.sql('CREATE TABLE twice (a text, b int)');
  await session.sql("INSERT INTO twice VALUES ('x', 1), ('x', 2)");
  const plan = (columns: string[]) => planCreate(here(), { table: 'twice', columns, unique: true });
  for (const columns of [['a text_pattern_ops'], ['a NULLS FIRST'], ['a DESC NULLS LAST']])
    expect(complaints(await plan(columns))).toEqual([
      expect.stringMatching(/^block Unique: 1 keys? .* List them: SELECT "a", count/),
    ]);
  const { facts, steps } = await plan(['b DESC']);
  expect(facts.find(({ label }) => label === 'Size')?.value).toBe(
    'not known: the table is empty, or was never counted (pgdeck analyze)',
  );
  expect(steps[0]?.effect).toBe('reads and writes continue');
});
