import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Session } from '../../../../src/db/session.ts';
import { client, type TestDatabase, testDatabase, until } from '../../../support/cluster.ts';
import { temporaryDirectory } from '../../../support/program.ts';
import { carryOut, contextOf } from '../../engine/run/stage.ts';
import {
  complaints,
  contextFor,
  described,
  done,
  invalidIndexes,
  linesOf,
  planDrop,
  planUndo,
  user,
} from '../stage.ts';

let db: TestDatabase;
let session: Session;
const home = temporaryDirectory();
const here = () => contextFor(db.target(), home);

beforeAll(async () => {
  db = await testDatabase();
  session = await client(db.target());
  await session.sql('CREATE TABLE t (id int PRIMARY KEY, a int, b text, u int)');
  await session.sql("INSERT INTO t SELECT i, i % 7, 'x' || i, i FROM generate_series(1, 2000) i");
  await session.sql('ANALYZE t');
});
afterAll(() => db.drop());

test('an index goes, and an undo makes it again with all that was said of it', async () => {
  await session.sql('CREATE INDEX t_a ON t (a, lower(b) DESC) WITH (fillfactor = 70) WHERE a > 1');
  await session.sql('ALTER INDEX t_a ALTER COLUMN 2 SET STATISTICS 77');
  await session.sql("COMMENT ON INDEX t_a IS 'it''s \\ kept'");
  const before = await described(session, 't_a');
  const context = here();
  const plan = await planDrop(context, { index: ['t_a'] });
  expect(plan).toMatchObject({
    subject: 'public.t_a',
    title: 'Drop public.t_a',
    danger: 'confirm',
    writes: true,
  });
  expect(plan.steps.map(({ preview }) => preview)).toEqual([
    'SET lock_timeout = \'3s\';\nDROP INDEX CONCURRENTLY "public"."t_a";',
  ]);
  expect(plan.tables?.[0]?.rows[0]).toEqual([
    'public.t_a',
    'public.t',
    expect.stringMatching(/^~\d+ kB$/),
    expect.stringMatching(/^0( since 20|, since nobody)/),
    before?.definition,
  ]);
  const { run, end } = await done(plan, context);
  expect(end.undo).toBe(`pgdeck undo ${run}`);
  expect(await described(session, 't_a')).toBeUndefined();
  const undo = await planUndo(context, run);
  expect(undo.steps[0]?.preview).toContain('CREATE INDEX CONCURRENTLY t_a ON public.t USING btree');
  await done(undo, context);
  expect(await described(session, 't_a')).toEqual(before);
  await expect(planUndo(context, run)).rejects.toThrow(/taken back|undone/);
});

test('the mark of CLUSTER comes back too', async () => {
  await session.sql('CREATE INDEX t_mark ON t (u)');
  await session.sql('ALTER TABLE t CLUSTER ON t_mark');
  const before = await described(session, 't_mark');
  expect(before?.clustered).toBe(true);
  const context = here();
  const { run } = await done(await planDrop(context, { index: ['t_mark'] }), context);
  await done(await planUndo(context, run), context);
  expect(await described(session, 't_mark')).toEqual(before);
});

test('several at once; a name with everything in it', async () => {
  await session.sql('CREATE SCHEMA "店 A"');
  await session.sql('CREATE TABLE "店 A"."T.x" ("C""d" int)');
  await session.sql('CREATE INDEX "an ""index"".x" ON "店 A"."T.x" ("C""d")');
  await session.sql('CREATE INDEX plain ON t (b)');
  const before = await described(session, '"店 A"."an ""index"".x"');
  const context = here();
  const plan = await planDrop(context, { index: ['"店 A"."an ""index"".x"', 'plain'] });
  expect(plan).toMatchObject({ subject: db.database, title: 'Drop 2 indexes' });
  const { run } = await done(plan, context);
  expect(await described(session, '"店 A"."an ""index"".x"')).toBeUndefined();
  await done(await planUndo(context, run), context);
  expect(await described(session, '"店 A"."an ""index"".x"')).toEqual(before);
  expect(await described(session, 'plain')).toMatchObject({ valid: true });
});

test('what keeps something is refused, with the reason', async () => {
  await session.sql('CREATE TABLE parent (id int, n int)');
  await session.sql('CREATE UNIQUE INDEX parent_id ON parent (id)');
  await session.sql('CREATE TABLE child (p int REFERENCES parent (id), q int)');
  await session.sql('CREATE INDEX child_p ON child (p)');
  await session.sql('CREATE TABLE replicated (id int NOT NULL)');
  await session.sql('CREATE UNIQUE INDEX replicated_id ON replicated (id)');
  await session.sql('ALTER TABLE replicated REPLICA IDENTITY USING INDEX replicated_id');
  await session.sql('CREATE TABLE parts (id int) PARTITION BY RANGE (id)');
  await session.sql('CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (1) TO (9)');
  await session.sql('CREATE INDEX parts_id ON parts (id)');
  const context = here();
  const said = async (index: string) => complaints(await planDrop(context, { index: [index] }));
  expect(await said('t_pkey')).toEqual([
    expect.stringMatching(
      /^block public\.t_pkey: It cannot be dropped: it keeps the constraint t_pkey\. .*ALTER TABLE "public"\."t" DROP CONSTRAINT "t_pkey"$/,
    ),
  ]);
  expect(await said('parent_id')).toEqual([
    expect.stringMatching(/the foreign key child_p_fkey on child refers to its table/),
  ]);
  expect(await said('replicated_id')).toEqual([expect.stringMatching(/replica identity/)]);
  expect(await said('parts_1_id_idx')).toEqual([
    expect.stringMatching(/is a part of the index of a partitioned table/),
  ]);
  expect(await said('parts_id')).toEqual([
    expect.stringMatching(/cannot be dropped CONCURRENTLY.*DROP INDEX "public"."parts_id"/),
  ]);
  expect(await said('child_p')).toEqual([
    expect.stringMatching(/^warn public\.child_p: No other index helps the foreign key child_p_fkey/),
  ]);
  await session.sql('CREATE INDEX child_pq ON child (p, q)');
  expect(await said('child_p')).toEqual([]);
  await expect(planDrop(context, { index: ['t_pkez'] })).rejects.toMatchObject({
    next: expect.stringMatching(/Did you mean .*t_pkey/),
  });
});

test('one that is used says how often, and one of another owner is refused', async () => {
  await session.sql('CREATE INDEX t_used ON t (a, u)');
  const reader = await client(db.target());
  await reader.sql('SET enable_seqscan = off');
  await reader.sql('SELECT * FROM t WHERE a = 1 AND u = 8');
  await reader.close();
  const context = here();
  await until(
    async () =>
      complaints(await planDrop(context, { index: ['t_used'] })).some((one) =>
        /It is used: 1 scan/.test(one),
      ),
    { what: 'the scan is counted' },
  );
  const role = await db.roleWith();
  const foreign = contextFor(db.target(role), home);
  expect(complaints(await planDrop(foreign, { index: ['t_used'] }))[0]).toMatch(
    new RegExp(`^block Rights: ${role} may not drop what is planned: public.t_used belongs to postgres`),
  );
});

test('whoever uses the table is named, and a rerun finishes what has become INVALID', async () => {
  await session.sql('CREATE INDEX t_held ON t (b, a)');
  const letGo = await user(db, 'SELECT FROM t LIMIT 1');
  const context = here();
  const { end, events, run } = await carryOut(
    await planDrop(context, { index: ['t_held'], lock_timeout: 0.1, wait: 2 }),
    context,
  );
  expect(end.status).toBe('failed');
  expect(linesOf(events).join('\n')).toMatch(
    /public\.t is locked by session \d+ \(postgres, holder, idle in transaction/,
  );
  expect(end.text).toMatch(/could not be had in \d+ attempts/);
  expect(end.text).toMatch(
    /public\.t_held is INVALID: dropping it was begun.* pgdeck indexes drop --index public\.t_held/s,
  );
  expect(run?.facts.indexes).toMatchObject({ doubts: [{ name: 'public.t' }] });
  expect(await invalidIndexes(session)).toEqual(['t_held']);
  await letGo();
  const again = await planDrop(context, { index: ['t_held'] });
  expect(complaints(again)).toEqual([expect.stringMatching(/^warn public\.t_held: It is INVALID: /)]);
  const { run: second } = await done(again, context);
  expect(await invalidIndexes(session)).toEqual([]);
  await done(await planUndo(context, second), context);
  expect(await described(session, 't_held')).toMatchObject({ valid: true });
});

test('a table that is locked is no reason not to plan, and the definition is read when the lock is had', async () => {
  await session.sql('CREATE INDEX t_locked ON t (u, b)');
  const letGo = await user(db, 'LOCK TABLE t IN ACCESS EXCLUSIVE MODE');
  const context = here();
  const plan = await planDrop(context, { index: ['t_locked'], lock_timeout: 0.1, wait: 20 });
  expect(plan.tables?.[0]?.rows[0]?.[4]).toMatch(/^read when it is dropped/);
  let released = false;
  const { end, run } = await carryOut(plan, context, {
    onEvent: (event) => {
      if (event.type !== 'line' || released) return;
      released = true;
      void letGo();
    },
  });
  expect(end.text).not.toMatch(/failed/);
  expect(end.status).toBe('done');
  expect(run?.facts.dropped).toMatchObject([
    { definition: 'CREATE INDEX t_locked ON public.t USING btree (u, b)' },
  ]);
});

test('read-only: nothing runs', async () => {
  await session.sql('CREATE INDEX t_ro ON t (u, a)');
  const context = contextOf(db.target(), home, { readOnly: true });
  try {
    const { end } = await carryOut(await planDrop(context, { index: ['t_ro'] }), context);
    expect(end).toMatchObject({ status: 'refused' });
  } finally {
    await context.close();
  }
  expect(await described(session, 't_ro')).toBeDefined();
});

test('what needs a unique index is said: ON CONFLICT, and a materialized view', async () => {
  await session.sql('CREATE TABLE needed (a int); CREATE UNIQUE INDEX needed_a ON needed (a)');
  await session.sql('CREATE MATERIALIZED VIEW needed_mv AS SELECT * FROM needed');
  await session.sql('CREATE UNIQUE INDEX needed_mv_a ON needed_mv (a)');
  expect(complaints(await planDrop(here(), { index: ['needed_a'] }))).toEqual([
    'warn public.needed_a: It is unique: without it equal keys can come in, and INSERT … ON CONFLICT by its columns fails.',
  ]);
  expect(complaints(await planDrop(here(), { index: ['needed_mv_a'] }))).toEqual([
    'warn public.needed_mv_a: It is unique: REFRESH MATERIALIZED VIEW CONCURRENTLY needs such an index.',
  ]);
});
