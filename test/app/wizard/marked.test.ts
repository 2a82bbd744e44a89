import { afterAll, beforeAll, expect, test } from 'vitest';
import { openedWizard } from '../../../src/app/core/state.ts';
import { footerLine } from '../../../src/app/screen/footer.ts';
import { viewOf } from '../../../src/app/views/registry.ts';
import { shownRows } from '../../../src/app/views/select.ts';
import { lineText } from '../../../src/text/line.ts';
import { client, type TestDatabase, testDatabase } from '../../support/cluster.ts';
import { text } from '../screen/frame.ts';
import { Stage } from '../stage.ts';

let db: TestDatabase;
let stage: Stage;

beforeAll(async () => {
  db = await testDatabase();
  const session = await client(db.target());
  for (const name of ['customers', '"Orders 订"'])
    await session.sql(`CREATE TABLE ${name} AS SELECT generate_series(1, 5000) AS id`);
  await session.sql('CREATE INDEX customers_id ON customers (id)');
  await session.sql('CREATE INDEX "Orders 订 id" ON "Orders 订" (id)');
  await session.sql('CREATE TABLE log (id int, at timestamptz) PARTITION BY RANGE (at)');
  await session.sql(
    "CREATE TABLE log_2024 PARTITION OF log FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')",
  );
  await session.sql("INSERT INTO log SELECT g, '2024-05-05' FROM generate_series(1, 5000) g");
  await session.sql('VACUUM ANALYZE');
  stage = await new Stage(db.target()).start();
});
afterAll(async () => {
  await stage?.stop();
  await db?.drop();
});

/** What the form that a key opens is for, and what is filled in. */
async function opened(key: string): Promise<readonly [string | undefined, unknown]> {
  stage.keys(key);
  await stage.seconds(() => openedWizard(stage.deck.state)?.phase.step === 'form', 'the form');
  const wizard = openedWizard(stage.deck.state);
  stage.keys('esc');
  return [wizard?.entry.id, wizard?.form.items];
}

test('v opens VACUUM of the marked tables, or of the one under the cursor', async () => {
  stage.keys('4');
  stage.filter('s');
  await stage.seconds(
    () => shownRows(viewOf('tables'), stage.deck.model, stage.deck.state).rows.length > 1,
    'the tables',
  );
  stage.keys('home', 'space', 'space');
  const [, items] = await opened('v');
  expect(items).toEqual({ table: expect.arrayContaining(['public.customers', 'public."Orders 订"']) });
  stage.keys('home', 'space', 'home', 'down', 'space');
  stage.filter('customers');
  expect(await opened('v')).toEqual(['vacuum', { table: ['public.customers'] }]);
});

test('marks that a filter hides are told in the title, are not meant, and that is said', async () => {
  stage.keys('4');
  stage.deck.table('tables', { marks: new Set() });
  stage.filter('customers');
  stage.keys('home', 'space');
  stage.filter('orders');
  expect(text(stage)).toMatch(/ 1 of \d+ tables, filter: orders {2}1 marked, 1 not shown/);
  expect(await opened('v')).toEqual(['vacuum', { table: ['public."Orders 订"'] }]);
  expect(stage.deck.state.toast?.text).toBe(
    '1 marked row is not shown and left out: this is about the row under the cursor.',
  );
  stage.keys('space');
  expect(text(stage)).toContain('2 marked, 1 not shown');
  await opened('v');
  expect(stage.deck.state.toast?.text).toBe('1 marked row is not shown and left out.');
  stage.keys('esc');
  expect(text(stage)).toMatch(/ {2}2 marked(?!,)/);
  stage.deck.table('tables', { marks: new Set() });
});

test('v opens REINDEX of the marked indexes where indexes are listed', async () => {
  stage.keys('5');
  await stage.seconds(
    () => shownRows(viewOf('indexes'), stage.deck.model, stage.deck.state).rows.length > 1,
    'the indexes',
  );
  stage.filter('orders');
  stage.keys('space');
  expect(await opened('v')).toEqual(['reindex', { index: ['public."Orders 订 id"'] }]);
});

test('the footer has v where it is about the rows that are shown', () => {
  const footer = (screen: string) => {
    stage.keys(screen);
    return lineText(footerLine(stage.deck, 80));
  };
  expect(footer('4')).toContain('v vacuum');
  expect(footer('5')).toContain('v reindex');
  expect(footer('1')).not.toMatch(/v (vacuum|reindex)/);
});

test('the footer names no operation without its key', async () => {
  stage.keys('4');
  await stage.seconds(() => /d cleanup/.test(lineText(footerLine(stage.deck, 200))), 'the tables');
  const footer = lineText(footerLine(stage.deck, 200));
  expect(footer.match(/cleanup|reindex|vacuum/g)).toEqual(['vacuum', 'cleanup']);
});

test('v opens VACUUM with nothing filled in elsewhere', async () => {
  stage.keys('1');
  // the form that was left half filled in comes back where nothing is marked
  expect((await opened('v'))[0]).toBe('vacuum');
});

test('d on a partition opens the cleanup of its table, and says so; of several rows none is taken', async () => {
  stage.keys('4');
  stage.filter('log_2024');
  await stage.seconds(
    () => shownRows(viewOf('tables'), stage.deck.model, stage.deck.state).rows.length === 1,
    'the partition',
  );
  stage.keys('d');
  await stage.seconds(
    () => openedWizard(stage.deck.state)?.form.texts.table?.text === 'public.log',
    'its table',
  );
  expect(openedWizard(stage.deck.state)?.entry.id).toBe('cleanup');
  expect(stage.deck.state.log.at(-1)?.text).toContain(
    'public.log_2024 is a partition: this is about public.log as a whole.',
  );
  stage.keys('esc');
  stage.filter('s');
  stage.keys('home', 'space', 'space', 'd');
  await stage.seconds(() => openedWizard(stage.deck.state)?.phase.step === 'form', 'the form');
  expect(openedWizard(stage.deck.state)?.form.texts.table).toBeUndefined();
  stage.keys('esc');
});
