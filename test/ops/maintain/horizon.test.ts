import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Session } from '../../../src/db/session.ts';
import { client, type TestDatabase, testDatabase } from '../../support/cluster.ts';
import { temporaryDirectory } from '../../support/program.ts';
import { carryOut } from '../engine/run/stage.ts';
import { bloated, compared, contextFor, linesOf, planVacuum } from './stage.ts';

let db: TestDatabase;
let app: Session;
const home = temporaryDirectory();

beforeAll(async () => {
  db = await testDatabase();
  app = await client(db.target(), 'app');
});
afterAll(() => db.drop());

async function vacuumed(table: string) {
  const context = contextFor(db.target(), home);
  const { end, events } = await carryOut(await planVacuum(context, { table: [table] }), context);
  expect(end.status).toBe('done');
  return {
    after: compared(events)[`public.${table}`]?.['dead after'],
    told: linesOf(events).filter((line) => line.includes('stay:')),
  };
}

test('dead rows that somebody still sees stay: how many, and who it is', async () => {
  const reader = await client(db.target(), 'report');
  await reader.sql('BEGIN ISOLATION LEVEL REPEATABLE READ');
  await reader.sql('SELECT 1');
  await bloated(app, 'held');
  expect(await vacuumed('held')).toEqual({
    after: '10k',
    told: [
      expect.stringMatching(
        new RegExp(
          `^10k dead rows of public\\.held stay: the session ${reader.pid} ` +
            '\\(postgres report idle in transaction\\) could still see them, for .*\\. End it, and vacuum again\\.$',
        ),
      ),
    ],
  });
  await reader.sql('ROLLBACK');
  expect(await vacuumed('held')).toEqual({ after: '0', told: [] });
});
