import { afterAll, beforeAll, expect, test } from 'vitest';
import { headerLines } from '../../src/app/screen/header.ts';
import { placePanes } from '../../src/app/screen/panes.ts';
import { paneLines } from '../../src/app/screen/table.ts';
import type { LockEntry } from '../../src/app/views/locks/entries.ts';
import { viewOf } from '../../src/app/views/registry.ts';
import { shownRows } from '../../src/app/views/select.ts';
import type { Session } from '../../src/db/client.ts';
import { lineText } from '../../src/text/line.ts';
import { client, type TestDatabase, testDatabase } from '../support/cluster.ts';
import { Stage } from './stage.ts';

let here: TestDatabase;
let there: TestDatabase;
let stage: Stage;
let ours: readonly Session[] = [];
let theirs: Session;

beforeAll(async () => {
  [here, there] = await Promise.all([testDatabase(), testDatabase()]);
  ours = await Promise.all(['holder', 'waiter'].map((name) => client(here.target(), name)));
  theirs = await client(there.target(), 'elsewhere');
  await theirs.sql('BEGIN');
  await ours[0]?.sql('CREATE TABLE pile (id int)');
  await ours[0]?.sql('BEGIN');
  await ours[0]?.sql('LOCK TABLE pile');
  ours[1]?.sql('SELECT * FROM pile').catch(() => {});
  stage = await new Stage(here.target()).start();
});
afterAll(async () => {
  await stage?.stop();
  await Promise.all([...ours, theirs].map((one) => one?.close()));
  await here?.drop();
  await there?.drop();
});

const rows = <Row>(view: string) =>
  shownRows(viewOf(view), stage.deck.model, stage.deck.state).rows as readonly Row[];
const databases = () => new Set(rows<{ datname: string }>('activity').map(({ datname }) => datname));
const header = () => headerLines(stage.deck, 120, 2).map(lineText).join('\n');

test('O lists what belongs to one database on every screen, and the header says so', async () => {
  stage.keys('2');
  await stage.seconds(
    () => databases().has(there.database) && databases().has(here.database),
    'both databases',
  );
  // that of the row under the cursor
  stage.filter('app=elsewhere');
  stage.keys('O', 'esc');
  expect(databases()).toEqual(new Set([there.database]));
  expect(header()).toContain(`only database ${there.database}`);
  expect(rows('database')).toHaveLength(1);
  stage.keys('3');
  await stage.second();
  expect(rows('locks')).toEqual([]);
  const { main } = placePanes(stage.deck);
  if (main[0] === undefined) throw new Error('no pane');
  await stage.seconds(
    () =>
      paneLines(stage.deck, main[0] as NonNullable<(typeof main)[0]>).some((line) =>
        lineText(line).includes(`None of the sessions is of database ${there.database}. O lists all.`),
      ),
    'that others wait',
  );
  stage.keys('O');
  expect(stage.deck.state.database).toBeUndefined();
  expect(header()).not.toContain('only database');
});

test('who waits stays behind whom it waits for', async () => {
  stage.keys('3');
  await stage.seconds(() => rows('locks').length >= 2, 'the waiter');
  stage.filter('app=waiter');
  stage.keys('O');
  stage.keys('esc');
  expect(stage.deck.state.database).toBe(here.database);
  const names = rows<LockEntry>('locks').flatMap((entry) =>
    entry.kind === 'session' ? [entry.row.application_name] : [],
  );
  expect(names).toEqual(['holder', 'waiter']);
  stage.keys('O', '1');
});

test('without a row it is the database that is connected to', () => {
  stage.keys('4', 'O');
  expect(stage.deck.state.database).toBe(here.database);
  stage.keys('O');
});
