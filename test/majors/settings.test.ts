import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { connect, type Session } from '../../src/db/client.ts';
import { type Cluster, createCluster } from '../../src/hosts/cluster/cluster.ts';
import {
  autoConf,
  autoLines,
  complaints,
  contextFor,
  done,
  fresh,
  planReset,
  planSet,
  shown,
  takenBack,
} from '../ops/settings/stage.ts';
import { temporaryDirectory } from '../support/program.ts';

const { bin, major } = inject('postgres');
const home = temporaryDirectory();
let cluster: Cluster;
let session: Session;
const here = (user = 'postgres') => contextFor(cluster.target({ user }), home);

beforeAll(async () => {
  cluster = await createCluster({ bin, settings: { max_wal_senders: '10' } });
  session = await connect(cluster.target(), 'workload', 'test');
  await session.sql('CREATE ROLE nobody LOGIN');
  await session.sql('CREATE DATABASE "odd db"');
});
afterAll(async () => {
  await session?.close();
  await cluster?.remove();
});

test('set, undone and reset: by reload, with lists, quotes and units', { timeout: 180_000 }, async () => {
  for (const [name, value, after, line] of [
    ['work_mem', '7MB', '7MB', "work_mem = '7MB'"],
    ['checkpoint_timeout', '7min', '7min', "checkpoint_timeout = '7min'"],
    [
      'search_path',
      '"$user", Public, "Odd, one"',
      '"$user", public, "Odd, one"',
      `search_path = '"$user", public, "Odd, one"'`,
    ],
    ['log_line_prefix', "it's %p \\ ", "it's %p \\ ", "log_line_prefix = 'it''s %p \\\\ '"],
    ['datestyle', 'iso, dmy', 'ISO, DMY', "DateStyle = 'iso, dmy'"],
  ] as const) {
    const before = await fresh(cluster.target(), name);
    const context = here();
    const plan = await planSet(context, name, value);
    expect(complaints(plan).filter((one) => one.startsWith('block'))).toEqual([]);
    const set = await done(plan, context);
    expect(set, `${name}: ${set.text}`).toMatchObject({ status: 'done', undo: `pgdeck undo ${set.run}` });
    expect(await fresh(cluster.target(), name)).toBe(after);
    expect(autoLines(cluster)).toEqual([line]);
    const undone = await takenBack(set.run, here());
    expect(undone, undone.text).toMatchObject({ status: 'done' });
    expect(autoLines(cluster)).toEqual([]);
    expect(await fresh(cluster.target(), name)).toBe(before);
    // reset puts the line away; taking that back brings it again
    await done(await planSet(here(), name, value), here());
    const reset = await done(await planReset(here(), name), here());
    expect(reset, reset.text).toMatchObject({ status: 'done' });
    expect(autoLines(cluster)).toEqual([]);
    const again = await takenBack(reset.run, here());
    expect(again, again.text).toMatchObject({ status: 'done' });
    expect(autoLines(cluster)).toEqual([line]);
    await done(await planReset(here(), name), here());
  }
});

test('a restart is waited for, tried beforehand, and what prevents a start is caught', {
  timeout: 120_000,
}, async () => {
  const bytes = autoConf(cluster);
  const context = here();
  const plan = await planSet(context, 'wal_level', 'minimal');
  expect(plan.steps.map(({ id }) => id)).toEqual(['trial', 'write', 'reload']);
  const failed = await done(plan, context);
  expect(failed).toMatchObject({
    status: 'failed',
    text: expect.stringMatching(/does not start with it: WAL/),
  });
  expect(autoConf(cluster)).toBe(bytes);
  const set = await done(await planSet(here(), 'max_connections', '77'), here());
  expect(set, set.text).toMatchObject({ status: 'done', state: expect.stringContaining('next restart') });
  expect(await fresh(cluster.target(), 'max_connections')).toBe('100');
  expect(set.lines).toContain(
    'max_connections is 100 until the server is restarted; then it is what was set.',
  );
  await cluster.restart();
  session = await connect(cluster.target(), 'workload', 'test');
  expect(await shown(session, 'max_connections')).toBe('77');
  const undone = await takenBack(set.run, here());
  expect(undone, undone.text).toMatchObject({ status: 'done' });
  expect(autoLines(cluster)).toEqual([]);
});

test('for a database, a role, and a role in a database', { timeout: 60_000 }, async () => {
  for (const scope of [{ database: 'odd db' }, { role: 'nobody' }, { role: 'nobody', database: 'odd db' }]) {
    const of = () => fresh(cluster.target({ user: 'nobody', database: 'odd db' }), 'work_mem');
    const first = await done(await planSet(here(), 'work_mem', '5MB', scope), here());
    expect(first, first.text).toMatchObject({ status: 'done' });
    expect(await of()).toBe('5MB');
    const second = await done(await planSet(here(), 'work_mem', '6MB', scope), here());
    expect(await of()).toBe('6MB');
    expect(await takenBack(second.run, here())).toMatchObject({ status: 'done' });
    expect(await of()).toBe('5MB');
    expect(await takenBack(first.run, here())).toMatchObject({ status: 'done' });
    expect(await of()).toBe('4MB');
  }
});

test('bad values are refused before anything is written', async () => {
  const bytes = autoConf(cluster);
  for (const [name, value, said] of [
    ['work_mem', '12 bananas', /none of its units/],
    ['work_mem', '1kB', /out of its range/],
    ['max_connections', 'many', /a number is expected/],
    ['wal_level', 'sometimes', /would refuse it: invalid value/],
    ['timezone', 'Nowhere/At_All', /refuses it: invalid value/],
    ['fsync', 'perhaps', /on or off is expected/],
    ['block_size', '4096', /nothing changes it/],
    ['search_path', '"a, b', /would refuse it: it is no list/],
  ] as const) {
    const plan = await planSet(here(), name, value);
    expect(complaints(plan).join('\n'), name).toMatch(said);
    expect((await done(plan, here())).status).toBe('refused');
  }
  await expect(planSet(here(), 'work_men', '1MB')).rejects.toThrow(/no setting work_men; it has .*work_mem/);
  expect(autoConf(cluster)).toBe(bytes);
});

test('who is no superuser is told what it takes', async () => {
  const plan = await planSet(here('nobody'), 'work_mem', '8MB');
  expect(complaints(plan)).toEqual([
    expect.stringMatching(
      major < 15 ? /only superusers may/ : /GRANT ALTER SYSTEM ON PARAMETER work_mem TO "nobody"/,
    ),
  ]);
  if (major < 15) return;
  await session.sql('GRANT ALTER SYSTEM ON PARAMETER work_mem TO nobody');
  expect(complaints(await planSet(here('nobody'), 'work_mem', '8MB'))).toEqual([
    expect.stringMatching(/GRANT EXECUTE ON FUNCTION pg_reload_conf\(\)/),
  ]);
  await session.sql('GRANT EXECUTE ON FUNCTION pg_reload_conf() TO nobody');
  const set = await done(await planSet(here('nobody'), 'work_mem', '8MB'), here('nobody'));
  expect(set, set.text).toMatchObject({ status: 'done', undo: expect.any(String) });
  expect(await fresh(cluster.target(), 'work_mem')).toBe('8MB');
  expect((await done(await planReset(here(), 'work_mem'), here())).status).toBe('done');
});
