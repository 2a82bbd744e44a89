import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { readRun } from '../../../../src/ops/engine/journal/runs.ts';
import type { OpContext } from '../../../../src/ops/engine/operation.ts';
import { restore } from '../../../../src/ops/restore/restore.ts';
import { carryOut } from '../../../ops/engine/run/stage.ts';
import {
  backedUp,
  blocks,
  contextIn,
  databasesLike,
  dropLike,
  inDatabase,
  planRestore,
  restored,
} from '../../../ops/restore/stage.ts';
import { type TestDatabase, testDatabase } from '../../../support/cluster.ts';
import { temporaryDirectory } from '../../../support/program.ts';

const home = temporaryDirectory();
let db: TestDatabase;
let id: string;
let context: OpContext;

const OLD = '3 changed';
const NEW = '500 backed up';

/** What the database is: as it was backed up, as it was changed since, or not there. */
async function live(): Promise<string> {
  if (!(await databasesLike(db.database)).includes(db.database)) return 'gone';
  const [row] = await inDatabase(db.database, (session) =>
    session.sql(
      `SELECT count(*) AS rows, max(word) AS word, shobj_description(d.oid, 'pg_database') AS comment, d.datconnlimit AS most,
         has_database_privilege('public', d.oid, 'CONNECT') AS open
       FROM things, pg_database d WHERE datname = current_database() GROUP BY 3, 4, 5`,
    ),
  );
  expect(row).toMatchObject({ comment: 'the shop', most: 77, open: true });
  return `${row?.rows} ${row?.word}`;
}

beforeAll(async () => {
  db = await testDatabase();
  await inDatabase(db.database, (session) =>
    session.sql(
      `CREATE TABLE things (id int PRIMARY KEY, word text);
       INSERT INTO things SELECT n, 'backed up' FROM generate_series(1, 500) n;
       COMMENT ON DATABASE ${db.database} IS 'the shop'; ALTER DATABASE ${db.database} CONNECTION LIMIT 77`,
    ),
  );
});
beforeEach(async () => {
  context = contextIn(db.target(), home);
  id ??= (await backedUp(context)).id;
  await inDatabase(db.database, (session) =>
    session.sql("TRUNCATE things; INSERT INTO things SELECT n, 'changed' FROM generate_series(1, 3) n"),
  );
});
afterAll(async () => {
  await db.drop();
  await dropLike(`${db.database}_`);
});

test('dropped, made anew, with what belonged to it; and undone from its safety backup', async () => {
  const { end, plan } = await restored(context, { backup: id, in_place: true });
  expect(end).toMatchObject({ ok: true });
  expect(plan.steps.map((step) => step.id)).toEqual([
    ...['read', 'safety-snapshot', 'safety-dump', 'safety-verify', 'safety-publish'],
    ...['drop', 'create', 'load', 'analyze', 'verify', 'rename'],
  ]);
  expect(await live()).toBe(NEW);
  expect(await databasesLike(`${db.database}_`)).toEqual([]);

  const run = readRun(context.journal, end.run);
  const undo = run && (await restore.undo?.(run, context));
  const back = undo && (await carryOut(undo, context));
  expect(back?.end).toMatchObject({ ok: true });
  expect(await live()).toBe(OLD);
});

test('a load that fails after the drop puts the database back', async () => {
  // a table of it cannot be loaded: the disk is full, say
  const plan = await planRestore(context, { backup: id, in_place: true });
  const steps = plan.steps.map((step) =>
    step.id === 'analyze' ? { ...step, run: () => Promise.reject(new Error('The disk is full.')) } : step,
  );
  const { end } = await carryOut({ ...plan, steps }, context);
  expect(end).toMatchObject({ ok: false, status: 'failed', undo: null });
  expect(end.text).toContain('The disk is full.');
  expect(await live()).toBe(OLD);
  expect(await databasesLike(`${db.database}_`)).toEqual([]);
});

test('never without a safety backup', () => {
  const parsed = restore.input.safeParse({ backup: id, in_place: true, no_safety_backup: true });
  expect(parsed.success).toBe(false);
});

test('a database with a replication slot is not dropped', async () => {
  await inDatabase(db.database, (session) =>
    session.sql("SELECT pg_create_logical_replication_slot('in_place', 'pgoutput')"),
  );
  try {
    const plan = await planRestore(context, { backup: id, in_place: true });
    expect(blocks(plan)).toEqual([expect.stringContaining('would drop its replication slots')]);
    // the swap keeps them, and says so
    const swap = await planRestore(context, { backup: id });
    expect(blocks(swap)).toEqual([]);
    expect(swap.checks).toContainEqual(
      expect.objectContaining({ title: 'Replication slots', status: 'warn' }),
    );
  } finally {
    await inDatabase(db.database, (session) => session.sql("SELECT pg_drop_replication_slot('in_place')"));
  }
});

test('a database with a subscription is not dropped, and the plan says so; one that comes after it ends the run before the drop', async () => {
  const plan = await planRestore(context, { backup: id, in_place: true });
  await inDatabase(db.database, (session) =>
    session.sql(
      `CREATE SUBSCRIPTION in_place CONNECTION 'host=/nowhere' PUBLICATION p WITH (connect = false, slot_name = NONE)`,
    ),
  );
  try {
    expect(blocks(await planRestore(context, { backup: id, in_place: true }))).toEqual([
      expect.stringContaining('Subscriptions: PostgreSQL does not drop a database that has subscriptions.'),
    ]);
    expect(blocks(await planRestore(context, { backup: id }))).toEqual([]);
    const { end } = await carryOut(plan, context);
    expect(end).toMatchObject({ ok: false });
    expect(end.text).toContain(`${db.database} was not dropped`);
    expect(await live()).toBe(OLD);
  } finally {
    await inDatabase(db.database, (session) => session.sql('DROP SUBSCRIPTION in_place'));
  }
});
