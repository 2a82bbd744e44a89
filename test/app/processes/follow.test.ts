import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { columnsShown } from '../../../src/app/core/view.ts';
import { activityView } from '../../../src/app/views/activity.ts';
import { shownRows } from '../../../src/app/views/select.ts';
import { activityPoll } from '../../../src/db/queries/activity.ts';
import { Processes } from '../../../src/hosts/processes.ts';
import { placeColumns } from '../../../src/text/cells.ts';
import { MAY_APART, serverApart } from '../../support/apart.ts';
import { client, type TestDatabase, testDatabase } from '../../support/cluster.ts';
import { until } from '../../support/until.ts';
import { check, text } from '../screen/frame.ts';
import { Stage } from '../stage.ts';

const BURN = 'DO $$ BEGIN LOOP PERFORM 1; END LOOP; END $$';
let db: TestDatabase;
let stage: Stage;
let pid: number;
let burning: Promise<unknown>;

beforeAll(async () => {
  db = await testDatabase();
  const burner = await client(db.target(), 'burner');
  pid = burner.pid;
  burning = burner.sql(BURN).catch(() => {});
  stage = await new Stage(db.target(), { size: { columns: 120, rows: 24 } }).start();
  await stage.seconds(
    () =>
      model()
        .rows(activityPoll)
        .some((row) => row.pid === pid),
    'the session',
  );
});
afterAll(async () => {
  await stage?.stop();
  await (await client(db.target())).sql('SELECT pg_cancel_backend($1)', [pid]);
  await burning;
  await db?.drop();
});

const model = () => stage.deck.model;
const figures = () => {
  const row = model()
    .rows(activityPoll)
    .find((one) => one.pid === pid);
  return row && model().processes?.of({ pid, backendStart: row.backend_start_us });
};
/** Seconds of the deck pass as they please; those of the system do not. */
const share = () => stage.seconds(() => (figures()?.cpu ?? 0) > 0.05, 'a share of a processor');

test('nothing is read for the overview', async () => {
  await stage.second();
  expect(model().processes).toBeUndefined();
  expect(text(stage)).not.toContain('CPU');
});

test('Activity reads them, with the answers of the server', async () => {
  stage.keys('2');
  await share();
  expect(figures()?.ownBytes).toBeGreaterThan(100_000);
  expect(text(stage)).toMatch(/PID .* CPU .*QUERY/);
  expect(text(stage)).toMatch(new RegExp(`${pid} .* \\d+% DO \\$\\$ BEGIN LOOP`));
});

test.each([
  [80, ['pid', 'application', 'state', 'age', 'cpu', 'query']],
  [120, ['pid', 'application', 'state', 'wait', 'age', 'cpu', 'query']],
  [160, ['pid', 'user', 'application', 'state', 'wait', 'age', 'cpu', 'mem', 'reads', 'query']],
  [
    200,
    [
      'pid',
      'database',
      'user',
      'application',
      'state',
      'wait',
      'age',
      'cpu',
      'mem',
      'reads',
      'writes',
      'query',
    ],
  ],
])('at %i columns a query keeps its room, and the others give way', (columns, expected) => {
  stage.deck.resize(columns, 24);
  check(stage, `at ${columns} columns`);
  const shown = columnsShown(activityView, model(), { alone: true, sorted: 'age' });
  const placed = placeColumns(shown, columns - 2);
  expect(placed.map(({ column }) => column.id)).toEqual(expected);
  const query = placed.at(-1)?.cells ?? 0;
  expect(query).toBeGreaterThanOrEqual(columns < 100 ? 32 : (columns - 2) / 2);
  stage.deck.resize(120, 24);
});

test('they are sorted and found by, with percent and without, sizes too', async () => {
  await share();
  const pids = () =>
    shownRows(activityView, model(), stage.deck.state).rows.map((row) => (row as { pid: number }).pid);
  const found = async (filter: string) => {
    stage.filter(filter);
    await share();
    return pids().includes(pid);
  };
  expect(await found('cpu>5')).toBe(true);
  expect(await found('cpu>5%')).toBe(true);
  expect(await found('cpu<5%')).toBe(false);
  expect(await found('mem>100kB')).toBe(true);
  expect(await found('!mem>100kB')).toBe(false);
  // words are looked for in what rows say, not in what is read of them
  expect(await found('/\\d%/')).toBe(false);
  stage.keys('esc');
  stage.deck.table('activity', { sort: { column: 'cpu', descending: true } });
  await share();
  expect(pids()[0]).toBe(pid);
});

test('on the overview they are read while it is sorted by them, and only then', async () => {
  stage.keys('1');
  await share();
  expect(text(stage)).toMatch(/CPU/);
  stage.deck.table('activity', { sort: { column: 'age', descending: true } });
  await stage.second();
  expect(figures()).toBeUndefined();
  expect(text(stage)).not.toContain('CPU');
});

test('details of a session tell them, from whatever screen they were opened', async () => {
  const whole = (): string => {
    const { extra = [] } = stage.overlay('detail');
    return extra.flatMap(({ facts = [] }) => facts.map((fact) => fact.join(' '))).join('\n');
  };
  stage.filter('burner');
  stage.deck.focusPane(0);
  const { rows } = shownRows(activityView, model(), stage.deck.state);
  expect(rows).toHaveLength(1);
  stage.deck.open({
    ...{ kind: 'detail', view: 'activity', row: rows[0], gone: false, scroll: 0 },
    identity: activityView.identity(rows[0]),
  });
  await stage.seconds(() => /CPU [1-9]\d*% of a processor/.test(whole()), 'the share of a processor');
  expect(whole()).toMatch(/memory of its own \d.* [kM]B, without shared_buffers/);
  expect(whole()).toMatch(/reads from storage \d.*B\/s\nwrites to storage \d.*B\/s/);
  stage.keys('esc', 'esc');
});

test('a paused screen stays as it is', async () => {
  stage.keys('2');
  await share();
  stage.keys('p');
  expect(stage.deck.sampler.paused).toBe(true);
  const before = figures();
  stage.keys('j', 'k');
  await stage.second();
  expect(figures()).toBe(before);
  stage.keys('p');
});

describe.skipIf(!MAY_APART)('a server whose processes are numbered anew', () => {
  let apart: Awaited<ReturnType<typeof serverApart>>;
  let other: Stage;
  beforeAll(async () => {
    apart = await serverApart();
    other = await new Stage(apart.cluster.target(), { size: { columns: 120, rows: 24 } }).start();
  });
  afterAll(async () => {
    await other?.stop();
    await apart?.remove();
  });
  const said = () =>
    other.deck.state.log.filter((entry) => entry.text.startsWith('The server’s processes are not seen'));

  test('shows none of the processes that have their numbers here, and says once why', async () => {
    // those of this machine are there, and are not taken for the server's
    expect(new Processes().of(1)).toBeDefined();
    other.keys('2');
    await other.seconds(() => other.deck.model.processes?.reason, 'the reason');
    for (let i = 0; i < 3; i++) await other.second();
    expect(said()).toHaveLength(1);
    expect(text(other)).not.toContain('CPU');
    expect(other.deck.state.toast).toBeUndefined();
  });

  test('who asks for them is told, and sees a column without figures', async () => {
    await client(apart.cluster.target(), 'idler');
    other.keys('i');
    await other.seconds(() => other.deck.model.rows(activityPoll).length > 0, 'a session');
    other.filter('cpu>50');
    await until(() => other.deck.state.toast?.text, { what: 'what is missing' });
    expect(other.deck.state.toast?.text).toBe(said()[0]?.text);
    // that no row is shown is of what is not known, for as long as it is so
    other.deck.store.set({ toast: undefined });
    expect(text(other)).toMatch(/None of \d+ sessions matches.*\n.*processes are not seen on this machine/);
    other.keys('esc');
    other.deck.table('activity', { sort: { column: 'cpu', descending: true } });
    await other.second();
    expect(said()).toHaveLength(3);
  });
});
