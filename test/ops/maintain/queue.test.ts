import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Session } from '../../../src/db/session.ts';
import { client, type TestDatabase, testDatabase, until } from '../../support/cluster.ts';
import { temporaryDirectory } from '../../support/program.ts';
import { carryOut } from '../run/stage.ts';
import { contextFor, linesOf, planVacuum } from './stage.ts';

let db: TestDatabase;
let app: Session;
const home = temporaryDirectory();

beforeAll(async () => {
  db = await testDatabase();
  app = await client(db.target(), 'app');
});
afterAll(() => db.drop());

test('behind an ALTER TABLE that waits for a reader: the one that is ahead is named', async () => {
  await app.sql('CREATE TABLE behind (id int)');
  const reader = await client(db.target(), 'reader');
  await reader.sql('BEGIN');
  await reader.sql('SELECT * FROM behind');
  const alter = await client(db.target(), 'alter');
  const altered = alter.sql('ALTER TABLE behind ADD COLUMN more int');
  await until(
    async () =>
      (await app.sql('SELECT FROM pg_locks WHERE pid = $1 AND NOT granted', [alter.pid])).length > 0,
    { what: 'ALTER TABLE waits' },
  );
  const context = contextFor(db.target(), home);
  const plan = await planVacuum(context, { table: ['behind'], lock_timeout: 0.1, wait: 0.3 });
  const { end, events } = await carryOut(plan, context);
  await reader.sql('ROLLBACK');
  await altered;
  const ahead = `waited for by session ${alter.pid} \\(postgres, alter, active .*\\), which is ahead`;
  expect(linesOf(events)).toContainEqual(expect.stringMatching(new RegExp(`^public\\.behind is ${ahead}`)));
  expect(end.text).toMatch(new RegExp(`behind was ${ahead}.*could not be had.*pgdeck cancel ${alter.pid}`));
});
