import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { AnyView } from '../../../../src/app/core/view.ts';
import { headerLines } from '../../../../src/app/screen/header.ts';
import { placePanes } from '../../../../src/app/screen/panes.ts';
import { paneLines } from '../../../../src/app/screen/table.ts';
import { activityView } from '../../../../src/app/views/activity.ts';
import { databaseView } from '../../../../src/app/views/database.ts';
import { locksView } from '../../../../src/app/views/locks.ts';
import { focusedView, selectedRow } from '../../../../src/app/views/select.ts';
import { statementsView } from '../../../../src/app/views/statements.ts';
import { tablesView } from '../../../../src/app/views/tables.ts';
import { summaryPoll } from '../../../../src/db/queries/activity.ts';
import { locksPoll } from '../../../../src/db/queries/locks.ts';
import { placeColumns } from '../../../../src/text/cells.ts';
import { lineText } from '../../../../src/text/line.ts';
import { type Crowd, crowd } from '../../../app/screen/crowd.ts';
import { check, text } from '../../../app/screen/frame.ts';
import { Stage } from '../../../app/stage.ts';

let people: Crowd;
let stage: Stage;

beforeAll(async () => {
  people = await crowd();
  stage = await new Stage(people.db.target()).start();
  await stage.seconds(() => stage.deck.model.rows(locksPoll).length > 0, 'the pile-up');
  await stage.second();
});
afterAll(async () => {
  await stage?.stop();
  await people?.leave();
});
beforeEach(() => {
  stage.deck.resize(120, 40);
  stage.keys('1');
});

function boxOf(view: AnyView) {
  const { main, side } = placePanes(stage.deck);
  const box = [...main, ...side].find((one) => one.view === view);
  if (box === undefined) throw new Error(`${view.id} is not on the screen`);
  return box;
}
const paneText = (view: AnyView) => paneLines(stage.deck, boxOf(view)).map(lineText).join('\n');

test('activity, locks, cache ratio and table sizes are on it at every size, each with a row', () => {
  for (const [columns, rows] of [
    [40, 12],
    [60, 16],
    [80, 24],
    [100, 30],
    [120, 40],
    [200, 50],
    [300, 100],
  ] as const) {
    stage.deck.resize(columns, rows);
    for (const view of [locksView, activityView, databaseView, tablesView])
      expect(boxOf(view).height, `${view.id} at ${columns}x${rows}`).toBeGreaterThanOrEqual(2);
  }
});

test('at 200 columns a column at the side has what holds VACUUM back, databases, tables, load and runs', () => {
  stage.deck.resize(200, 50);
  const { main, side } = placePanes(stage.deck);
  expect(main.map(({ view }) => view.id)).toEqual(['locks', 'activity']);
  expect(side.map(({ view }) => view.id)).toEqual(['horizon', 'database', 'tables', 'load', 'operations']);
  expect([main[0]?.width, side[0]?.width]).toEqual([131, 68]);
  // Tab goes round all of them, and a smaller terminal keeps the pane that it has
  stage.keys('tab', 'tab', 'tab', 'tab');
  expect(focusedView(stage.deck.state)).toBe(tablesView);
  stage.deck.resize(80, 24);
  expect(focusedView(stage.deck.state)).toBe(tablesView);
});

describe('who waits for a lock', () => {
  test('is left to Locks where that is on the screen, and the title of Activity says so', () => {
    const waiter = String(people.waiters[0]?.pid);
    expect(paneText(locksView)).toContain(waiter);
    expect(paneText(activityView)).not.toContain(waiter);
    expect(paneText(activityView)).toContain('Activity without lock waiters');
    // who holds the lock and who works is in it
    expect(paneText(activityView)).toContain(String(people.hostile.pid));
    stage.keys('2');
    stage.filter(waiter);
    expect(text(stage)).toMatch(new RegExp(`${waiter} .*active: Lock`));
    expect(text(stage)).not.toContain('without lock waiters');
    stage.keys('esc');
  });

  test('has the keys until somebody has pressed one', async () => {
    expect(focusedView(stage.deck.state)).toBe(locksView);
    await stage.second();
    expect(focusedView(stage.deck.state)).toBe(locksView);
    stage.keys('tab');
    await stage.second();
    expect(focusedView(stage.deck.state)).toBe(activityView);
  });
});

test('z gives a pane the whole screen and takes it back; the cursor stays on its row', async () => {
  stage.keys('tab', 'j', 'j');
  const row = selectedRow(stage.deck.model, stage.deck.state) as { pid: number };
  const { height } = boxOf(activityView);
  stage.keys('z');
  expect(boxOf(activityView).height).toBeGreaterThan(height);
  expect(text(stage)).not.toContain('Table sizes');
  expect(selectedRow(stage.deck.model, stage.deck.state)).toMatchObject({ pid: row.pid });
  stage.keys('z');
  expect(stage.deck.state.zoomed).toBe(false);
  expect(selectedRow(stage.deck.model, stage.deck.state)).toMatchObject({ pid: row.pid });
  stage.keys('z');
  // alone on the screen it has those that wait
  stage.filter(String(people.waiters[0]?.pid));
  expect(paneText(activityView)).toContain('1 of ');
  stage.keys('esc');
  check(stage, 'zoomed');
  stage.keys('esc');
  expect(stage.deck.state).toMatchObject({ zoomed: false, screen: 'overview' });
  expect(text(stage)).toContain('Table sizes');
  stage.keys('2', 'z');
  expect(stage.deck.state.toast?.text).toContain('this screen has one pane');
});

describe('queries', () => {
  test.each([
    [120, 50],
    [80, 30],
  ])('at %i columns %i characters of them can be read', (columns, least) => {
    for (const view of [activityView, statementsView, locksView]) {
      const cells = placeColumns(view.columns, columns - 2).find(
        ({ column }) => column.id === 'query',
      )?.cells;
      expect(cells, view.id).toBeGreaterThanOrEqual(least);
    }
    const activity = placeColumns(activityView.columns, columns - 2).at(-1)?.cells;
    if (columns === 120) expect(activity).toBeGreaterThanOrEqual(60);
  });
});

test('the header has who, where and how old at the ends of one line, and how it goes on the next', async () => {
  stage.deck.resize(80, 24);
  await stage.second();
  const [first = '', second = ''] = headerLines(stage.deck, 80, 2).map(lineText);
  expect(first).toMatch(/^ shop +\S+ .* RW +live 1s ?$/);
  expect(second).toMatch(/^ conns \d+\/\d+!* .* tps .* hit .* xmin \S+/);
});

test('xmin is how long the oldest snapshot has been held', async () => {
  const { waiters } = people;
  expect(waiters.length).toBeGreaterThan(0);
  const seconds = () => stage.deck.model.rows(summaryPoll)[0]?.horizon_seconds ?? 0;
  await stage.second();
  const before = seconds();
  expect(before).toBeGreaterThan(0);
  await stage.seconds(() => seconds() > before, 'an older snapshot');
});

test('a frame has exactly the size of the terminal, whatever that is', () => {
  for (const zoomed of [false, true]) {
    stage.keys('1', ...(zoomed ? ['z'] : []));
    for (let columns = 40; columns <= 300; columns += 13)
      for (let rows = 10; rows <= 100; rows += 9) {
        stage.deck.resize(columns, rows);
        check(stage, `at ${columns}x${rows}${zoomed ? ', zoomed' : ''}`);
      }
  }
});
