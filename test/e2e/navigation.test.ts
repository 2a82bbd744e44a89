import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { connect, type Session } from '../../src/db/client.ts';
import type { Cluster } from '../../src/hosts/cluster/cluster.ts';
import { throwawayCluster, until } from '../support/cluster.ts';
import type { Pty } from '../support/terminal/pty.ts';
import { openConsole } from './console.ts';

// the lists show the sessions of the whole server: it must have no others
let cluster: Cluster;
const sessions: Session[] = [];
let pty: Pty;
let admin: Session;
/** Longer than the list's share of it, on several lines, with wide characters. */
const query = `SELECT 'the beginning',\n  '${'filler '.repeat(80)}',\n  '库存流水', 'the very end' FROM pg_sleep(600)`;

beforeAll(async () => {
  cluster = await throwawayCluster({ shared_preload_libraries: 'pg_stat_statements' });
  admin = await client('admin');
  await admin.sql('CREATE EXTENSION pg_stat_statements');
  await admin.sql('CREATE TABLE orders AS SELECT i AS id FROM generate_series(1, 20000) i');
  await admin.sql('CREATE TABLE "库存流水" AS SELECT i AS id FROM generate_series(1, 9000) i');
  await admin.sql('CREATE INDEX orders_id ON orders (id)');
  await admin.sql('ANALYZE');
  const reporter = await client('reporter');
  reporter.sql(query).catch(() => {});
  const writer = await client('writer');
  await writer.sql('BEGIN');
  await writer.sql('UPDATE orders SET id = 0 WHERE id = 1');
  pty = await openConsole(cluster.target(), { shared: true });
});
afterAll(async () => {
  await Promise.all(sessions.map((session) => session.close()));
  await cluster.remove();
});

async function client(name: string): Promise<Session> {
  const session = await connect(cluster.target(), 'workload', name);
  sessions.push(session);
  return session;
}

/** Every test begins on the overview, whatever became of the one before. */
beforeEach(async () => {
  pty.press('1');
  while (!/^▶ Activity/m.test(pty.text())) {
    const before = pty.mark();
    pty.press('esc');
    await until(() => pty.mark() > before, { what: 'an effect of Esc' });
    pty.press('1');
    await until(() => /^▶ Activity/m.test(pty.text()), { what: 'the overview', timeout: 200 }).catch(
      () => {},
    );
  }
});

/** Sessions that are not ours: what no key of these tests may end. */
async function others(): Promise<number> {
  const rows = await admin.sql(
    "SELECT 1 FROM pg_stat_activity WHERE application_name IN ('reporter', 'writer')",
  );
  return rows.length;
}

test('keys 1 to 7 open the screens, with rows where the server has some', async () => {
  const shown = [
    ['2', /^ {2}Activity .*\n +PID (?:USER|APP)\b.*\n[\s\S]* reporter /m],
    ['3', /^ {2}Locks .*\n {2}No session waits for a lock/m],
    ['4', /^ {2}Table sizes .*\n {2}TABLE +TOTAL▼.*\n▶ orders .*\n {2}"库存流水" /m],
    ['5', /^ {2}Indexes .*\n[\s\S]*orders_id/m],
    ['6', /^ {2}Statements .*\n.* CALLS .* STATEMENT\n▶ +\S.*%/m],
    ['7', /Progress[\s\S]*Replication[\s\S]*Slots[\s\S]*WAL/],
    ['1', / {2}Locks[\s\S]*▶ Activity [\s\S]* {2}Cache ratio[\s\S]* {2}Table sizes/],
  ] as const;
  for (const [key, wanted] of shown) {
    pty.press(key);
    await pty.waitFor(wanted);
  }
});

test('Tab and ] go from pane to pane, Shift-Tab and [ back', async () => {
  const panes = ['Cache ratio', 'Table sizes', 'Locks', 'Activity'];
  for (const [i, pane] of panes.entries()) {
    pty.press(i % 2 === 0 ? 'tab' : ']');
    await pty.waitFor(`▶ ${pane}`);
  }
  pty.press('backtab');
  await pty.waitFor('▶ Locks');
  pty.press('[');
  await pty.waitFor('▶ Table sizes');
  pty.press('[', '[');
  await pty.waitFor('▶ Activity');
});

test('? lists every key and scrolls; Esc closes it and never quits', async () => {
  pty.press('?');
  await pty.waitFor(/ Help {2}every key.* 1-\d+ of \d+/);
  pty.press('G');
  await pty.waitFor('~ estimated');
  pty.press('esc');
  await pty.waitFor('▶ Activity');
  pty.press('?');
  await pty.waitFor(' Help ');
  pty.press('?');
  await pty.waitFor('▶ Activity');
});

test('the palette finds actions by name and runs the chosen one', async () => {
  pty.press(':');
  await pty.waitFor(/^ ▶ Overview/m);
  pty.type('datab');
  await pty.waitFor(/^ : datab\n ▶ Databases$/m);
  pty.press('enter');
  await pty.waitFor(/^ {2}Cache ratio .*\n {2}DATABASE /m);
  pty.press('^P');
  pty.type('zzz');
  await pty.waitFor('Nothing of that name');
  pty.press('esc');
  await pty.waitFor(/^ {2}Cache ratio /m);
});

test('a filter of wide characters leaves the rows that have them, !text those that have not; Esc clears', async () => {
  pty.press('4');
  await pty.waitFor('▶ orders');
  pty.press('/');
  pty.type('库存');
  const found = await pty.waitFor(/^ \/ 库存$/m);
  expect(found.join('\n')).toContain('Table sizes  1 of 2 tables, filter: 库存');
  expect(found[1]).toContain('filter: 库存');
  expect(found.join('\n')).not.toContain('orders');
  pty.press('home');
  pty.type('!');
  await pty.waitFor(
    (screen) => /▶ orders/.test(screen.join('\n')) && !screen.join('\n').includes('"库存流水"'),
  );
  pty.press('enter');
  await pty.waitFor('Enter details');
  expect(pty.screen()[1]).toContain('filter: !库存');
  pty.press('esc');
  await pty.waitFor('"库存流水"');
});

test('s picks the column to sort by, S the other way round; the cells stay in line', async () => {
  pty.press('4');
  await pty.waitFor('▶ orders');
  const order = () => pty.screen().flatMap((line) => line.match(/^.{2}("库存流水"|orders) /)?.[1] ?? []);
  expect(order()).toEqual(['orders', '"库存流水"']);
  pty.press('s');
  await pty.waitFor(/ ▶ ▼ TOTAL /);
  pty.press('s');
  await pty.waitFor(/ ▶ {3}DATA /);
  pty.press('enter');
  await pty.waitFor('sort: DATA▼');
  pty.press('S');
  const screen = await pty.waitFor('sort: DATA▲');
  expect(order()).toEqual(['"库存流水"', 'orders']);
  const [wide = '', narrow = ''] = screen.filter((line) => /"库存流水" |orders /.test(line));
  // each wide character is one element of the text and two cells of the screen
  expect(wide.indexOf('kB') + 4).toBe(narrow.search(/[kM]B/));
});

test('p pauses: the screen says so and stays; p again goes on', async () => {
  pty.press('2');
  await pty.waitFor(' reporter ');
  pty.press('p');
  const paused = await pty.waitFor(/PAUSED \d\d:\d\d:\d\d/);
  const late = await client('late');
  late.sql('SELECT pg_sleep(600)').catch(() => {});
  // the toast goes with the console's clock: by then it would have asked several times
  const later = await pty.waitFor((screen) => !screen.join('\n').includes('Paused: '));
  expect(later.slice(0, -1)).toEqual(paused.slice(0, -1));
  pty.press('p');
  const live = await pty.waitFor(' late ');
  expect(live.join('\n')).not.toContain('PAUSED');
});

test('Enter shows a session with its whole query, and follows it until it is gone', async () => {
  pty.press('2');
  pty.press('/');
  pty.type('reporter');
  pty.press('enter');
  await pty.waitFor(/1 of \d+ sessions, filter: reporter/);
  pty.press('enter');
  const detail = (await pty.waitFor("the very end' FROM pg_sleep(600)")).join('\n');
  expect(detail).toContain("  SELECT 'the beginning',\n");
  expect(detail).toContain("    '库存流水', 'the very end'");
  expect(detail.match(/filler/g)).toHaveLength(80);
  expect(detail).toMatch(/application +reporter/);
  // out of the details, out of the filter
  pty.press('esc', 'esc');
  await pty.waitFor(' writer ');
});

test('what was said is in the message log', async () => {
  pty.press('L');
  await pty.waitFor(/ Messages .*\n {2}\d\d:\d\d:\d\d {2}Paused: [\s\S]*Live again\./);
});

test('y sends the query to the clipboard', async () => {
  pty.press('2', 'g', 'y');
  await pty.waitFor('The query was sent to the clipboard.');
  expect(pty.clipboard.at(-1)).toContain('the beginning');
});

const evil = 'K\ncy\r\ny\tq\u001b[A\u001b\u0003\u001a\u202e:q\r';

test.each([
  ['the screen', [], ' reporter ', 'L', ' Messages'],
  ['help', ['?'], ' Help ', 'G', '~ estimated'],
  ['details', ['enter'], 'Activity: details', '?', ' Help '],
  ['a question', ['K'], '[No]', 'tab', '[Yes]'],
] as const)('a paste into %s does nothing', async (_, keys, shown, next, after) => {
  pty.press('2');
  await pty.waitFor(' reporter ');
  pty.press(...keys);
  await pty.waitFor(shown);
  pty.paste(evil);
  // keys are read in order: when this one has worked where it should, the paste has been read
  pty.press(next);
  await pty.waitFor(after);
  expect(await others()).toBe(2);
});

test('a paste into the filter is one cleaned line', async () => {
  pty.press('2');
  pty.press('/');
  await pty.waitFor(/^ \/$/m);
  pty.paste(evil);
  await pty.waitFor(/^ \/ K cy y q·+:q$/m);
  pty.press('esc');
  await pty.waitFor(' reporter ');
  expect(await others()).toBe(2);
});
