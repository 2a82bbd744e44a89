import { afterEach, beforeEach, expect, test } from 'vitest';
import { type TestDatabase, testDatabase } from '../../../support/cluster.ts';
import { temporaryDirectory } from '../../../support/program.ts';
import { contextIn } from '../../restore/stage.ts';
import { done, planned } from '../../role/stage.ts';
import { migration, projectIn } from '../stage.ts';

let home: string;
let db: TestDatabase;
let file: string;
beforeEach(async () => {
  home = temporaryDirectory();
  db = await testDatabase();
  file = projectIn(home, {
    'pgdeck.setup.json': { migrations: { dir: 'migrations' } },
    'migrations/0001_a.sql': migration('CREATE TABLE a (id int PRIMARY KEY)'),
  });
});
afterEach(() => db.drop());

test('where the backup before it cannot be made nothing was changed, and nothing is taken back', async () => {
  const context = contextIn(db.target(), home, { BACKUP_DIR: '/proc/nowhere' });
  const failed = await done('db upgrade', { file }, context);
  expect(failed.end).toMatchObject({
    status: 'failed',
    state: `${db.database} was not changed.`,
    undo: null,
  });
  await expect(planned('db upgrade', { file, back: true }, contextIn(db.target(), home))).rejects.toThrow(
    /had not backed anything up/,
  );
});

test('a database that is not there is made by set-up', async () => {
  projectIn(home, { 'pgdeck.setup.json': { database: { name: 'upgrade_nowhere' } } });
  await expect(planned('db upgrade', { file }, contextIn(db.target(), home))).rejects.toThrow(
    /There is no database upgrade_nowhere/,
  );
});
