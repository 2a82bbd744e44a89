import { afterAll, beforeAll, expect, test } from 'vitest';
import { carryOut } from '../../../ops/engine/run/stage.ts';
import { backedUp, contextIn, dropLike, inDatabase, planRestore } from '../../../ops/restore/stage.ts';
import { type TestDatabase, testDatabase } from '../../../support/cluster.ts';
import { temporaryDirectory } from '../../../support/program.ts';

const home = temporaryDirectory();
let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
  await inDatabase(db.database, (session) =>
    session.sql('CREATE TABLE t AS SELECT 1 AS n; ALTER TABLE t ADD PRIMARY KEY (n)'),
  );
});
afterAll(async () => {
  await dropLike(db.database);
  await db.drop();
});

/** Fails at the command before, with everything loaded in the case of a swap. */
async function failing(input: Record<string, unknown>) {
  const context = contextIn(db.target(), home);
  const backup = await backedUp(context);
  const plan = await planRestore(context, { backup: backup.id, before: 'exit 3', ...input });
  const { end, events, run } = await carryOut(plan, context);
  const back = events.flatMap((event) =>
    event.type === 'rollback' ? [plan.steps[event.step]?.id ?? ''] : [],
  );
  return { end, back, safety: (run?.facts.safety as { id: string } | undefined)?.id };
}

test('a restore that fails says that the database was not touched, and that its safety backup is kept', async () => {
  const { end, back, safety } = await failing({});
  expect(safety).toBeDefined();
  expect(end.text.split('\n').at(-1)).toBe(
    `${db.database} was not touched. The safety backup ${safety} is kept.`,
  );
  expect(back).toEqual(['create']);
});

test.each([
  [{ in_place: true }, /^\S+ was not touched\.$/],
  [{ table: ['public.t'] }, /^The tables are as they were\.$/],
])('and so in the other ways: %j', async (input, state) => {
  const { end, back } = await failing(input);
  expect(end.text.split('\n').at(-1)).toMatch(state);
  expect(back).toEqual([]);
});
