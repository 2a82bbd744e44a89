import { afterAll, beforeAll, expect, test } from 'vitest';
import { overlayLines } from '../../src/app/overlay.ts';
import { footerLine } from '../../src/app/screen/footer.ts';
import { VIEWS, viewOf } from '../../src/app/views/registry.ts';
import { sortable } from '../../src/app/views/sort.ts';
import { lineText } from '../../src/text/line.ts';
import { type TestDatabase, testDatabase } from '../support/cluster.ts';
import { Stage } from './stage.ts';

let db: TestDatabase;
let stage: Stage;

beforeAll(async () => {
  db = await testDatabase();
  stage = await new Stage(db.target()).start();
});
afterAll(async () => {
  await stage?.stop();
  await db?.drop();
});

const sort = () => stage.deck.state.tables.tables?.sort;
const shown = (rows = 20) =>
  (overlayLines(stage.deck, { columns: 80, rows }) ?? []).map((line) => lineText(line).trimEnd());

test('Enter sorts by the column under the cursor, Enter on it once more the other way round', () => {
  stage.keys('4', 's');
  expect(shown()[0]).toBe(' Sort Table sizes by');
  expect(shown().slice(2, 5)).toEqual([
    expect.stringMatching(/^ {5}TABLE +table$/),
    expect.stringMatching(/^ ▶ ▼ TOTAL +total +Enter: ▲ rising$/),
    expect.stringMatching(/^ {5}DATA +heap$/),
  ]);
  expect(lineText(footerLine(stage.deck, 80))).toMatch(/Enter sort {2}↓ next {2}Esc back/);
  stage.keys('down', 'j', 'enter');
  expect(stage.deck.state.overlay).toBeUndefined();
  expect(sort()).toEqual({ column: 'indexes', descending: true });
  stage.keys('s', 'enter');
  expect(sort()).toEqual({ column: 'indexes', descending: false });
  stage.keys('s', 'k', 'k', 'k', 'enter');
  // names rise
  expect(sort()).toEqual({ column: 'table', descending: false });
  stage.keys('S');
  expect(sort()).toEqual({ column: 'table', descending: true });
});

test('the cursor goes round; Esc and q leave the order as it is', () => {
  stage.keys('4');
  const before = sort();
  stage.keys('s', 'up', 'backtab', 'esc');
  expect(sort()).toEqual(before);
  stage.keys('s', 's', 's', 'q');
  expect(sort()).toEqual(before);
  expect(stage.exits).toBe(0);
  const { length } = sortable(viewOf('tables'));
  stage.keys('s', ...Array.from({ length }, () => 'down'), 'enter');
  expect(sort()).toEqual({ ...before, descending: !before?.descending });
});

test('where there is little room the cursor is among the lines that are shown', () => {
  stage.keys('4', 's', 'up');
  expect(shown(6).join('\n')).toMatch(/▶/);
  expect(shown(6)).toHaveLength(6);
  stage.keys('esc');
});

test('what is sorted by has a title, and an order of its own has none to choose', () => {
  for (const view of VIEWS) {
    expect(sortable(view).every(({ title }) => title !== '')).toBe(true);
    if (view.ordered === undefined)
      expect([view.id, sortable(view).some(({ id }) => id === view.sort.column)]).toEqual([view.id, true]);
    else expect(sortable(view)).toEqual([]);
  }
});
