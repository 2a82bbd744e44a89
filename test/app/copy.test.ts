import { afterAll, beforeAll, expect, test } from 'vitest';
import { selectedRow } from '../../src/app/views/select.ts';
import { connect, type Session } from '../../src/db/client.ts';
import { type TestDatabase, testDatabase, until } from '../support/cluster.ts';
import { type Begun, begin } from './begin.ts';
import { Stage } from './stage.ts';

let db: TestDatabase;
let stage: Stage;
let control: Session;
let running: Begun | undefined;

beforeAll(async () => {
  db = await testDatabase();
  control = await connect(db.target(), 'control', 'pgdeck-control');
  stage = await new Stage(db.target()).start();
});
afterAll(async () => {
  await running?.end();
  await stage?.stop();
  await control?.close();
  await db?.drop();
});

test('the whole query is copied, not the beginning that the list carries', async () => {
  const sql = `SELECT pg_sleep(600) /* ${'x'.repeat(600)} end */`;
  running = await begin(control, db.target(), sql);
  stage.keys('2');
  stage.filter(String(running.pid));
  await stage.seconds(
    () =>
      (selectedRow(stage.deck.model, stage.deck.state) as { state?: string } | undefined)?.state === 'active',
    'the session',
  );
  stage.keys('y');
  await until(() => stage.copied.length > 0, { what: 'the copied query' });
  expect(stage.copied).toEqual([sql]);
  expect(stage.deck.state.toast?.text).toBe('The query was sent to the clipboard.');
});

test('where the session has gone meanwhile, the beginning is copied and said to be one', async () => {
  await running?.end();
  stage.copied.splice(0);
  stage.keys('y');
  await until(() => stage.copied.length > 0, { what: 'what is left of the query' });
  expect(stage.copied[0]).toMatch(/^SELECT pg_sleep\(600\) \/\* x+$/);
  expect(stage.deck.state.toast?.text).toBe('The beginning of the query was sent to the clipboard.');
});
