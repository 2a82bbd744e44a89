import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { frameOf, shapeOf } from '../../src/app/frame.ts';
import { footerLines } from '../../src/app/screen/footer.ts';
import { helpReading } from '../../src/app/screen/help.ts';
import { viewOf } from '../../src/app/views/registry.ts';
import { shownRows } from '../../src/app/views/select.ts';
import type { Session } from '../../src/db/client.ts';
import { lineText } from '../../src/text/line.ts';
import { width } from '../../src/text/width.ts';
import { client, type TestDatabase, testDatabase } from '../support/cluster.ts';
import { Stage } from './stage.ts';

let db: TestDatabase;
let stage: Stage;
let shop: Session;

beforeAll(async () => {
  db = await testDatabase();
  shop = await client(db.target(), 'shop-web');
  await shop.sql('BEGIN');
  await shop.sql('SELECT 42 AS id');
  stage = await new Stage(db.target(), { size: { columns: 80, rows: 24 } }).start();
});
afterAll(async () => {
  await stage?.stop();
  await shop?.close();
  await db?.drop();
});
beforeEach(() => stage.keys('esc', 'esc', 'esc', '2'));

const pids = () =>
  shownRows(viewOf('activity'), stage.deck.model, stage.deck.state).rows.map(
    (row) => (row as { pid: number }).pid,
  );
const footer = () => footerLines(stage.deck, 80).map((line) => lineText(line).trimEnd());

test('fields find the session on the screen', async () => {
  await stage.seconds(() => pids().includes(shop.pid), 'the session');
  stage.filter(`app:shop-web db=${db.database} age<1h !state:active "select 42" query:/ID$/i`);
  expect(stage.deck.state.overlay).toBeUndefined();
  expect(pids()).toEqual([shop.pid]);
  stage.filter(`app:shop-web age>1h`);
  expect(pids()).toEqual([]);
});

test('what is wrong stands below the input; the rows are those of the rest, and Enter does not take it', async () => {
  stage.keys('/');
  expect(footer()[1]).toMatch(/^ pid\(#\) database=db user application=app client state wait age\(s\) /);
  stage.type('app:shop-web');
  const before = pids();
  stage.type(' age>30');
  expect(footer()[0]).toBe(' / app:shop-web age>30');
  expect(footer()[1]).toBe(' character 18: age is a duration such as 30s, 5m or 1h30m, and 30 is none');
  expect(pids()).toEqual(before);
  stage.keys('enter');
  expect(stage.overlay('filter').fault).toBeDefined();
  stage.keys('^W');
  stage.type('age<30h');
  expect(stage.overlay('filter').fault).toBeUndefined();
  stage.keys('enter');
  expect(stage.deck.state.tables.activity?.filter).toBe('app:shop-web age<30h');
});

test('Esc gives a wrong one up, and the filter from before holds', () => {
  stage.filter('shop-web');
  stage.keys('/');
  stage.type(' foo:1');
  expect(stage.deck.state.tables.activity?.filter).toBe('shop-web');
  stage.keys('esc');
  expect(stage.deck.state.overlay).toBeUndefined();
  expect(stage.deck.state.tables.activity?.filter).toBe('shop-web');
});

test.each([
  [80, 24],
  [60, 16],
  [40, 10],
  [200, 50],
])('at %ix%i the two lines fit, and the frame is as high as the terminal', (columns, rows) => {
  stage.deck.resize(columns, rows);
  stage.keys('/');
  stage.type('foo:\u001b[31m');
  const bands = frameOf(shapeOf(stage.deck));
  expect(bands.reduce((sum, { height }) => sum + height, 0)).toBe(rows);
  for (const { content, height } of bands)
    for (const { lines } of Array.isArray(content) ? content : []) {
      expect(lines(stage.deck)).toHaveLength(height);
      for (const line of lines(stage.deck)) expect(width(lineText(line))).toBeLessThanOrEqual(columns);
    }
  stage.keys('esc');
  expect(frameOf(shapeOf(stage.deck)).at(-1)?.height).toBe(1);
  stage.deck.resize(80, 24);
});

test('the help has the words and the fields of the view', () => {
  const help = helpReading(stage.deck, 80).lines.map(lineText).join('\n');
  expect(help).toMatch(/ In a filter \(\/\), all of\n {2}word {12}in some column/);
  expect(help).toMatch(/Activity: pid\(#\) database=db user application=app/);
});
