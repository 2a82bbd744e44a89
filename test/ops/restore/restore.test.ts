import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readRun } from '../../../src/ops/journal/runs.ts';
import { type Backup, findBackup } from '../../../src/ops/repository/repository.ts';
import { restore } from '../../../src/ops/restore/restore.ts';
import { type TestDatabase, testDatabase } from '../../support/cluster.ts';
import { everything, rowCounts } from '../../support/everything.ts';
import { temporaryDirectory } from '../../support/program.ts';
import { carryOut, contextOf } from '../run/stage.ts';
import { backedUp, blocks, contextIn, databasesLike, dropLike, inDatabase, restored } from './stage.ts';

const home = temporaryDirectory();
let db: TestDatabase;
let made: Backup;
let counts: Map<string, number>;

beforeAll(async () => {
  db = await testDatabase();
  counts = await inDatabase(db.database, async (session) => {
    await everything(session);
    return rowCounts(session);
  });
  const context = contextOf(db.target(), home, { env: { BACKUP_DIR: join(home, 'backups') } });
  made = await backedUp(context);
  await context.close();
});
afterAll(async () => {
  await db.drop();
  await dropLike(`${db.database}_`);
});

const damage = () =>
  inDatabase(db.database, async (session) => {
    await session.sql(
      'DELETE FROM app.orders WHERE id % 2 = 0; DROP TABLE app.children; CREATE TABLE app.later (id int)',
    );
    return rowCounts(session);
  });

test('beside, verified, swapped; and back again with undo', async () => {
  const damaged = await damage();
  const context = contextIn(db.target(), home);
  const { end, plan, facts } = await restored(context, { backup: made.id });
  expect(end).toMatchObject({ ok: true, undo: `pgdeck undo ${end.run}` });
  expect(plan.steps.map(({ id }) => id)).toEqual([
    'safety-snapshot',
    'safety-dump',
    'safety-verify',
    'safety-publish',
    'create',
    'load',
    'analyze',
    'verify',
    'properties',
    'swap',
  ]);
  expect(plan.subject).toBe(db.database);
  expect(plan.danger).toBe('type-name');
  expect(await inDatabase(db.database, rowCounts)).toEqual(counts);
  // settings of the database are in no dump of it
  expect(
    await inDatabase(db.database, (s) => s.sql("SELECT current_setting('app.tenant') AS tenant")),
  ).toEqual([{ tenant: "a'b, c" }]);
  const safety = await findBackup('/nowhere', (facts.safety as { path: string }).path);
  expect(safety.status).toBe('ok');

  const run = readRun(context.journal, end.run);
  const undo = await restore.undo?.(run as NonNullable<typeof run>, context);
  expect(blocks(undo as NonNullable<typeof undo>)).toEqual([]);
  const back = await carryOut(undo as NonNullable<typeof undo>, context);
  expect(back.end).toMatchObject({ ok: true });
  expect(await inDatabase(db.database, rowCounts)).toEqual(damaged);
  const left = await databasesLike(`${db.database}_`);
  expect(left).toEqual([expect.stringContaining('__rolledback_')]);
  await dropLike(`${db.database}_`);
  // and once more the other way: what was undone is not undone twice
  expect(blocks((await restore.undo?.(run as NonNullable<typeof run>, context)) as never).join()).toContain(
    'is gone',
  );
});
