import { mkdirSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { headerLines } from '../../../src/app/screen/header.ts';
import type { Session } from '../../../src/db/client.ts';
import { journalDirectory, listRuns } from '../../../src/ops/engine/journal/runs.ts';
import { lineText } from '../../../src/text/line.ts';
import { client, type TestDatabase, testDatabase, until } from '../../support/cluster.ts';
import { temporaryDirectory } from '../../support/program.ts';
import { Stage } from '../stage.ts';

let db: TestDatabase;
let victim: Session;
let stage: Stage;
let home: string;

beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.drop());
beforeEach(async () => {
  home = temporaryDirectory();
  victim = await client(db.target(), 'victim');
  await victim.sql('BEGIN');
  stage = await new Stage(db.target(), {
    readOnly: true,
    environment: 'production',
    profileName: 'shop',
    env: { XDG_STATE_HOME: home },
  }).start();
});
afterEach(async () => {
  await stage.stop();
  await victim.close().catch(() => {});
});

const runs = () => listRuns(journalDirectory({ XDG_STATE_HOME: home }, ''));
const header = (columns = 120, rows = 2) => headerLines(stage.deck, columns, rows).map(lineText).join('\n');
const arm = (name = 'shop') => {
  stage.keys('W');
  stage.type(name);
  stage.keys('enter');
};

test('a production profile is armed by its name, the kill is done, it is disarmed; the journal says who, as which role, and why', async () => {
  expect(header()).toMatch(/ RO /);
  stage.keys('2');
  await stage.seconds(() => stage.deck.model.server !== undefined, 'the server');
  stage.filter(`app=victim db=${db.database}`);
  stage.keys('K');
  expect(stage.deck.state.overlay).toBeUndefined();
  expect(stage.deck.state.toast?.text).toContain('read-only: W makes it writable for a while');

  arm();
  expect(stage.deck.state.overlay).toBeUndefined();
  expect(header()).toMatch(/ARMED 10m00s/);
  expect(header(40, 1)).toMatch(/ARMED/);
  const [armed] = runs();
  expect(armed).toMatchObject({
    operation: 'arm',
    status: 'running',
    subject: 'Write to read-only shop until 2026-01-02T03:14:05Z',
    who: userInfo().username,
    input: { profile: 'shop', role: 'postgres', until: '2026-01-02T03:14:05Z' },
    server: expect.stringMatching(/^postgres@/),
  });

  stage.keys('K');
  expect(await stage.asked()).toEqual([victim.pid]);
  stage.keys('y');
  await stage.dialog('done');
  const admin = await client(db.target(), 'admin');
  await until(
    async () => (await admin.sql('SELECT 1 FROM pg_stat_activity WHERE pid = $1', [victim.pid])).length === 0,
    { what: 'the end of the session' },
  );
  stage.keys('esc', 'W');
  expect(header()).toMatch(/ RO /);
  const [kill, record] = runs();
  expect(kill).toMatchObject({ operation: 'terminate', status: 'done' });
  expect(record?.events.at(-1)).toMatchObject({
    type: 'end',
    status: 'done',
    text: expect.stringMatching(/^Read-only again after .*: W was pressed\.$/),
  });
  stage.keys('K');
  expect(stage.deck.state.toast?.text).toContain('read-only');
});

test('another name, none, and letters in another case leave it read-only, and nothing is recorded', () => {
  for (const name of ['shop2', '', 'Shop', 'sho']) {
    arm(name);
    expect(stage.overlay('arm').problem).toMatch(/It stays read-only|Type the name, shop/);
    expect(header()).toMatch(/ RO /);
    stage.keys('esc');
  }
  expect(stage.deck.readOnly).toBe(true);
  expect(runs()).toEqual([]);
});

test('it ends by itself after ten minutes, and is counted down until then', async () => {
  arm();
  stage.watching.clock.advance(61_000);
  expect(header()).toMatch(/ARMED 8m59s/);
  expect(stage.deck.readOnly).toBe(false);
  stage.watching.clock.advance(539_000);
  // by the clock itself, whatever has been drawn since
  expect(stage.deck.readOnly).toBe(true);
  await stage.seconds(() => stage.deck.state.armed === undefined, 'the end');
  expect(runs()[0]?.events.at(-1)?.text).toMatch(/: 10 minutes are over\.$/);
});

test('a plan that was made while it was armed is not run after', async () => {
  arm();
  stage.keys('2');
  stage.filter(`app=victim db=${db.database}`);
  await stage.second();
  stage.keys('K');
  expect(await stage.asked()).toEqual([victim.pid]);
  stage.watching.clock.advance(600_000);
  stage.keys('y');
  await stage.dialog('failed');
  expect(stage.overlay('signal').phase).toMatchObject({ reason: expect.stringContaining('read-only mode') });
  expect(await victim.sql('SELECT 1 AS one')).toEqual([{ one: 1 }]);
});

test('leaving ends it, and says so', async () => {
  arm();
  await stage.stop();
  expect(runs()[0]).toMatchObject({ status: 'done' });
  expect(runs()[0]?.events.at(-1)?.text).toMatch(/: pgdeck was left\.$/);
});

test('what cannot be recorded is not armed', () => {
  const runsAt = journalDirectory({ XDG_STATE_HOME: home }, '');
  // root may write into what is closed to others, but into no file as if it were a directory
  mkdirSync(join(runsAt, '..', '..'), { recursive: true });
  writeFileSync(join(runsAt, '..'), '');
  arm();
  expect(stage.overlay('arm').problem).toMatch(
    /It stays read-only: the journal cannot be written \(ENOTDIR\)/,
  );
  expect(stage.deck.readOnly).toBe(true);
});

test('a profile that is writable has nothing to arm', async () => {
  const writable = await new Stage(db.target()).start();
  writable.keys('W');
  expect(writable.deck.state.overlay).toBeUndefined();
  expect(writable.deck.state.toast?.text).toContain('it is writable already');
  await writable.stop();
});
