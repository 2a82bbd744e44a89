import { afterAll, beforeAll, expect, test } from 'vitest';
import { activityPoll } from '../../src/db/queries/activity.ts';
import { client, type TestDatabase, testDatabase } from '../support/cluster.ts';
import { text } from './screen/frame.ts';
import { Stage } from './stage.ts';

const SESSIONS = 23;
let db: TestDatabase;
let stage: Stage;

beforeAll(async () => {
  db = await testDatabase();
  for (let i = 0; i < SESSIONS; i++) await (await client(db.target(), `app-${i}`)).sql('BEGIN');
  stage = await new Stage(db.target(), { size: { columns: 160, rows: 12 } }).start();
});
afterAll(async () => {
  await stage?.stop();
  await db?.drop();
});

test('a list that is read in part says what it is a part of, and goes on where somebody scrolls', async () => {
  const { model } = stage.deck;
  await stage.seconds(() => model.rows(activityPoll).length === 20, 'the first sessions');
  // nothing is scrolled: no more is asked of the server than the screen needs
  await stage.second();
  expect(model.rows(activityPoll)).toHaveLength(20);
  expect(text(stage)).toMatch(/Activity .*the first 20 of \d+ not idle/);
  stage.keys('G');
  await stage.seconds(() => model.rows(activityPoll).length >= SESSIONS, 'all of them');
  expect(text(stage)).not.toMatch(/the first \d/);
});

test('a filter finds also whom the screen has no room for', async () => {
  stage.keys('home');
  await stage.seconds(() => model().length === 20, 'the first sessions');
  stage.filter(`app-${SESSIONS - 1}`);
  const found = new RegExp(`app-${SESSIONS - 1} .*idle in`);
  await stage.seconds(() => found.test(text(stage)), 'the session that was looked for');
});

const model = () => stage.deck.model.rows(activityPoll);
