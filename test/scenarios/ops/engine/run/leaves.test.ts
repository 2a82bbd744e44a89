import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { type Failure, KEPT, type Plan } from '../../../../../src/ops/engine/plan.ts';
import { entryOf } from '../../../../../src/ops/registry.ts';
import { carryOut, contextOf, planOf, step } from '../../../../ops/engine/run/stage.ts';
import { directoryOf, ways } from '../../../../ops/migrate/run/stage.ts';
import { backedUp, inDatabase } from '../../../../ops/restore/stage.ts';
import { type TestDatabase, testDatabase } from '../../../../support/cluster.ts';
import { temporaryDirectory } from '../../../../support/program.ts';

const home = temporaryDirectory();
let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
  await inDatabase(db.database, (session) => session.sql('CREATE TABLE t (id int PRIMARY KEY)'));
});
afterAll(() => db.drop());

function here() {
  const context = contextOf(db.target(), home, { env: { BACKUP_DIR: join(home, 'backups') } });
  onTestFinished(() => context.close());
  return context;
}

const EARLY: Failure = { done: new Set(), takenBack: true };

test('a failure says what state the data is in, of every operation that is planned here', async () => {
  const context = here();
  const { id } = await backedUp(context);
  const dir = directoryOf(home, 'migrations', { '1_a': ways('CREATE TABLE a ();') });
  const states: Record<string, string | undefined> = {};
  const asked: [operation: string, input: Record<string, unknown>][] = [
    ['vacuum', { table: ['t'] }],
    ['analyze', { table: ['t'] }],
    ['reindex', { table: ['t'] }],
    ['backup', {}],
    ['backups verify', { id }],
    ['backups pin', { id }],
    ['backups delete', { id }],
    ['backups prune', { keep: 'last 1' }],
    ['restore', { backup: id, no_safety_backup: true }],
    ['restore', { backup: id, into: 'leaves_into' }],
    ['restore', { backup: id, table: ['t'], no_safety_backup: true }],
    ['migrate up', { dir }],
    ['migrate verify', { dir }],
    ['schedule install', { name: 'leaves' }],
  ];
  for (const [operation, input] of asked) {
    const found = await entryOf(operation)?.load();
    const plan = await found?.plan(found.input.parse(input), context);
    states[`${operation}${input.into ? ' into' : input.table && operation === 'restore' ? ' tables' : ''}`] =
      plan?.leaves(EARLY)?.replaceAll(id, 'ID').replaceAll(db.database, 'shop').replaceAll(home, '');
  }
  expect(states).toMatchInlineSnapshot(`
    {
      "analyze": "No rows were changed; statistics that were collected stay.",
      "backup": "No backup was made; shop was only read.",
      "backups delete": "Where ID is still listed it is whole; else its removal was begun, and pgdeck recover ends it.",
      "backups pin": "Its files were not touched; whether it is pinned says: pgdeck backups show ID",
      "backups prune": "0 of 0 were dealt with; each backup that is still listed is whole.",
      "backups verify": "The files of the backup were not changed.",
      "migrate up": "shop was not touched.",
      "migrate verify": "Nothing was changed.",
      "reindex": "No rows were changed; indexes that were rebuilt stay rebuilt.",
      "restore": "shop was not touched.",
      "restore into": "There is no leaves_into. No other database was touched.",
      "restore tables": "The tables are as they were.",
      "schedule install": "The crontab is as it was.",
      "vacuum": "No rows were changed; tables that were done stay done.",
    }
  `);
});

test('it stands once at the end, after what could not be taken back', async () => {
  const plan: Plan = planOf(
    [step('work', () => Promise.reject(new Error('no room')), { rollback: async () => KEPT })],
    { leaves: () => 'shop was not touched.' },
  );
  const { end } = await carryOut(plan, here());
  expect(end.text).toBe('Step work: no room\nshop was not touched.');
});
