import { afterAll, beforeAll, expect, test } from 'vitest';
import { overlayLines } from '../../../src/app/overlay.ts';
import type { Session } from '../../../src/db/client.ts';
import { lineText } from '../../../src/text/line.ts';
import { client, type TestDatabase, testDatabase, until } from '../../support/cluster.ts';
import { temporaryDirectory } from '../../support/program.ts';
import { Stage } from '../stage.ts';

let db: TestDatabase;
let stage: Stage;
let victims: readonly Session[];

beforeAll(async () => {
  db = await testDatabase();
  victims = await Promise.all(['one', 'two'].map((name) => client(db.target(), `victim-${name}`)));
  for (const victim of victims) await victim.sql('BEGIN');
  stage = await new Stage(db.target(), { env: { XDG_STATE_HOME: temporaryDirectory() } }).start();
});
afterAll(async () => {
  await stage?.stop();
  await db?.drop();
});

const shown = (rows = 20) =>
  (overlayLines(stage.deck, { columns: 120, rows }) ?? []).map((line) => lineText(line).trimEnd());
const open = async () => {
  stage.keys('esc', 'esc', 'L', 'L');
  await until(() => stage.overlay('commands').entries !== undefined, { what: 'what was sent' });
};

test('before anything is done it says so, and there is nothing to copy', async () => {
  await open();
  expect(shown()[0]).toBe(' Sent  nothing that changes a server was sent yet; L shows the messages');
  stage.keys('y');
  expect(stage.copied).toEqual([]);
  expect(stage.deck.state.toast?.text).toContain('nothing was sent');
});

test('each signal that was sent stands there with its SQL, and is copied as it was sent', async () => {
  stage.keys('esc', '2');
  stage.filter(`app:victim- db=${db.database}`);
  await stage.seconds(() => {
    stage.keys('g', 'space', 'space');
    return (stage.deck.state.tables.activity?.marks.size ?? 0) === 2;
  }, 'both of them');
  stage.keys('K');
  expect((await stage.asked()).toSorted()).toEqual(victims.map(({ pid }) => pid).toSorted());
  stage.keys('y');
  await stage.dialog('done');
  stage.keys('esc');
  await open();
  expect(shown()[0]).toMatch(/^ Sent {2}2 statements and commands that changed something/);
  expect(shown()[1]).toMatch(/^▶ \d\d-\d\d \d\d:\d\d done +terminate .*victim-(one|two)/);
  const pids = victims.map(({ pid }) => pid);
  stage.keys('y', 'j', 'y', 'j', 'y');
  expect(stage.copied).toHaveLength(3);
  expect(stage.copied[1]).toBe(stage.copied[2]);
  for (const pid of pids)
    expect(stage.copied.slice(0, 2).some((text) => text.includes(String(pid)))).toBe(true);
  // the whole of the one under the cursor stands below
  expect(shown().join('\n')).toMatch(/ As it was sent {2}run [\s\S]*pg_terminate_backend/);
  expect(shown(10)).toHaveLength(10);
});

test('L goes on between messages and what was sent, Esc leaves them', () => {
  stage.keys('esc', 'L');
  expect(stage.deck.state.overlay?.kind).toBe('log');
  expect(shown()[0]).toBe(' Messages  L shows what pgdeck has sent');
  stage.keys('L', 'L');
  expect(stage.deck.state.overlay?.kind).toBe('log');
  stage.keys('esc');
  expect(stage.deck.state.overlay).toBeUndefined();
});
