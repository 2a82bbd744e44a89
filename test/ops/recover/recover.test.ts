import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { connect, type Session } from '../../../src/db/client.ts';
import type { Cluster } from '../../../src/hosts/cluster/cluster.ts';
import { Journal, markRecovered } from '../../../src/ops/engine/journal/journal.ts';
import { leftBehind, readRun } from '../../../src/ops/engine/journal/runs.ts';
import { addressOf, isOnServer, roleOf } from '../../../src/ops/engine/journal/server.ts';
import type { OpContext } from '../../../src/ops/engine/operation.ts';
import { takeLocks } from '../../../src/ops/engine/run/lock.ts';
import { undo } from '../../../src/ops/engine/undo.ts';
import { recover } from '../../../src/ops/recover/recover.ts';
import { throwawayCluster } from '../../support/cluster.ts';
import { registerWork, work } from '../../support/fixtures/work.ts';
import { temporaryDirectory } from '../../support/program.ts';
import { carryOut, contextOf } from '../engine/run/stage.ts';

// a server of its own: recover drops what it finds, and other tests leave things lying about for a while
let cluster: Cluster;
let session: Session;
let here: OpContext;
let home: string;
const parent = temporaryDirectory();
let number = 0;

beforeAll(async () => {
  cluster = await throwawayCluster();
  session = await connect(cluster.target(), 'workload', 'test');
  registerWork();
});
afterEach(() => here.close());
afterAll(async () => {
  await session.close();
  await cluster.remove();
});

/** A user of its own for each test. */
function begin(): void {
  home = join(parent, `home-${number++}`);
  mkdirSync(home);
  here = contextOf(cluster.target(), home);
}

const input = (name: string) => {
  const parsed = work.input.parse({ name, danger: 'none' });
  return parsed as Record<string, unknown>;
};

async function tables(): Promise<unknown[]> {
  const rows = await session.sql(
    `SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename LIKE 'r\\_%' ORDER BY 1`,
  );
  return rows.map((row) => row.tablename);
}

/** A run that was killed by its facts alone: the process that wrote it is no more. */
function killed(facts: Record<string, unknown>, more: { server?: string; torn?: boolean } = {}): string {
  const journal = Journal.begin(here.journal, {
    operation: 'work',
    subject: 'Work on it',
    server: more.server ?? here.place,
    steps: [{ id: 'create', title: 'Create it', preview: 'CREATE' }],
  });
  journal.startStep(0);
  journal.write({ type: 'record', step: 0, facts });
  const folder = join(here.journal, journal.id);
  const plan = JSON.parse(readFileSync(join(folder, 'plan.json'), 'utf8'));
  writeFileSync(join(folder, 'plan.json'), JSON.stringify({ ...plan, pid: 2 ** 22 - 1 }));
  if (more.torn) writeFileSync(join(folder, 'events.ndjson'), '{"at":"20', { flag: 'a' });
  return journal.id;
}

test('undo takes a run back once, and says so', async () => {
  begin();
  const done = await carryOut(await work.plan(input('r_undo'), here), here);
  expect(await tables()).toContain('r_undo');
  const plan = await undo.plan({ run: done.end.run }, here);
  expect(plan).toMatchObject({
    operation: 'undo',
    undoes: done.end.run,
    danger: 'confirm',
    subject: 'r_undo',
  });
  const undone = await carryOut(plan, here);
  expect(undone.end).toMatchObject({ ok: true, undo: null });
  expect(await tables()).not.toContain('r_undo');
  expect(readRun(here.journal, done.end.run)).toMatchObject({ undone_by: undone.end.run, undo: null });
  await expect(undo.plan({ run: done.end.run }, here)).rejects.toThrow(/was undone already, by/);
});

test('undo refuses what it cannot roll back, and says why', async () => {
  begin();
  const refused = (run: string) => expect(undo.plan({ run }, here)).rejects;
  await refused('20260101T000000-aaaaaa').toMatchObject({ kind: 'refused', message: /There is no run/ });
  const failed = await carryOut(await work.plan({ ...input('r_failed'), fail: true }, here), here);
  await refused(failed.end.run).toThrow(/was not done \(failed\)/);
  await refused(killed({})).toMatchObject({ next: expect.stringContaining('pgdeck recover') });
  const running = Journal.begin(here.journal, {
    operation: 'work',
    subject: 'x',
    server: here.place,
    steps: [],
  });
  await refused(running.id).toThrow(/still running/);
  running.end('done', `pgdeck undo ${running.id}`);
  const other = Journal.begin(here.journal, {
    operation: 'work',
    subject: 'x',
    server: 'postgres@elsewhere:5432/shop',
    steps: [],
  });
  other.end('done', `pgdeck undo ${other.id}`);
  await refused(other.id).toThrow(/was done on postgres@elsewhere:5432\/shop, and this is/);
  const signal = Journal.begin(here.journal, {
    operation: 'terminate',
    subject: 'x',
    server: here.place,
    steps: [],
  });
  signal.end('done');
  await refused(signal.id).toThrow(/cannot be undone/);
});

test('recover finishes what killed runs have left, marks them, and offers them once', async () => {
  begin();
  await session.sql('CREATE TABLE public.r_left (n int)');
  const left = killed({ table: 'r_left' }, { torn: true });
  const nothing = killed({ table: 'r_never' });
  const foreign = killed({ table: 'r_left' }, { server: 'postgres@elsewhere:5432/shop' });
  const plan = await recover.plan({}, here);
  expect(plan).toMatchObject({ danger: 'confirm', writes: true });
  const facts = plan.facts.map(({ label, value }) => `${label} ${value}`).join('\n');
  expect(facts).toContain(`${left} Work on it: killed in step 1 of 1, Create it.`);
  expect(facts).toMatch(new RegExp(`${nothing}.*It left nothing`));
  expect(facts).toMatch(new RegExp(`${foreign}.*elsewhere`));
  expect(plan.steps.map((step) => step.id)).toEqual(['drop', `recovered-${left}`, `recovered-${nothing}`]);
  const { end } = await carryOut(plan, here);
  expect(end.ok).toBe(true);
  expect(await tables()).not.toContain('r_left');
  for (const id of [left, nothing]) {
    const run = readRun(here.journal, id);
    expect(run).toMatchObject({ status: 'interrupted', recovered_by: end.run });
    expect(run && leftBehind(run)).toBe(false);
  }
  expect((await recover.plan({}, here)).steps).toEqual([]);
  await expect(recover.plan({ run: left }, here)).rejects.toThrow(/has left nothing behind/);
  await expect(recover.plan({ run: 'nosuch' }, here)).rejects.toThrow('There is no run "nosuch".');
});

test('a killed run that was recovered may have been done: its operation is asked', async () => {
  begin();
  await session.sql('CREATE TABLE public.r_killed (n int)');
  const id = killed({ table: 'r_killed' });
  await expect(undo.plan({ run: id }, here)).rejects.toMatchObject({
    next: expect.stringContaining('recover'),
  });
  markRecovered(here.journal, id, 'another');
  const plan = await undo.plan({ run: id }, here);
  expect(plan).toMatchObject({ undoes: id, title: 'Drop r_killed' });
  await carryOut(plan, here);
  await expect(undo.plan({ run: id }, here)).rejects.toThrow(/was undone already/);
});

test('recover of one run leaves the others', async () => {
  begin();
  const [one, two] = [killed({ table: 'r_never' }), killed({ table: 'r_never' })];
  expect((await recover.plan({ run: two }, here)).steps.map((step) => step.id)).toEqual([`recovered-${two}`]);
  expect((await recover.plan({}, here)).steps).toHaveLength(2);
  expect(one).not.toBe(two);
});

test('what could not be rolled back is offered too; an undo that was killed is recovered as what it undid', async () => {
  begin();
  await session.sql('CREATE TABLE public.r_half (n int)');
  const done = await carryOut(await work.plan(input('r_undone'), here), here);
  const half = Journal.begin(here.journal, {
    operation: 'undo',
    subject: 'Drop it',
    server: here.place,
    input: { run: done.end.run },
    steps: [{ title: 'Drop it', preview: 'DROP' }],
  });
  half.write({ type: 'record', step: 0, facts: { table: 'r_half' } });
  half.write({ type: 'rollback', step: 0, ok: false, text: 'The server is gone.' });
  half.end('failed');
  const plan = await recover.plan({}, here);
  expect(plan.facts[0]?.value).toContain('not all of it could be rolled back');
  expect((await carryOut(plan, here)).end.ok).toBe(true);
  expect(await tables()).not.toContain('r_half');
});

test('databases that a restore has left are found by their marks, also without a journal', async () => {
  begin();
  const mark = (kind: string) =>
    JSON.stringify({ pgdeck: kind, target: 'shop', run: '20260101T000000-aaaaaa' });
  await session.sql('CREATE DATABASE shop');
  for (const kind of ['restoring', 'before']) {
    await session.sql(`CREATE DATABASE "shop__${kind}"`);
    await session.sql(`COMMENT ON DATABASE "shop__${kind}" IS '${mark(kind)}'`);
  }
  const plan = await recover.plan({}, here);
  expect(plan.facts.map(({ label, value }) => `${label}: ${value}`)).toEqual([
    expect.stringMatching(
      /^shop__before: shop as it was before a restore or a reset\. It stays\. To put it back: pgdeck undo/,
    ),
    expect.stringMatching(/^shop__restoring: A restore of shop ended before it was swapped in/),
  ]);
  expect(plan.steps.map((step) => step.title)).toEqual(['Drop shop__restoring']);
  expect((await carryOut(plan, here)).end.ok).toBe(true);
  expect((await recover.plan({}, here)).steps).toEqual([]);
  // the live one is missing, whatever has happened to it
  await session.sql('DROP DATABASE shop');
  const back = await recover.plan({}, here);
  expect(back.steps.map((step) => step.id)).toEqual(['rename-back']);
  expect((await carryOut(back, here)).end.ok).toBe(true);
  const names = await session.sql(`SELECT datname FROM pg_database WHERE datname LIKE 'shop%'`);
  expect(names).toEqual([{ datname: 'shop' }]);
});

test('what is being worked on is left alone', async () => {
  begin();
  await session.sql('CREATE DATABASE busy__fresh');
  const marker = { pgdeck: 'restoring', target: 'busy', run: 'unknown' };
  await session.sql(`COMMENT ON DATABASE busy__fresh IS '${JSON.stringify(marker)}'`);
  await takeLocks(session, [{ family: 'restore', database: 'busy' }]);
  const plan = await recover.plan({}, here);
  expect(plan.steps).toEqual([]);
  expect(plan.checks).toMatchObject([{ title: 'busy__fresh', status: 'warn' }]);
  await session.sql('SELECT pg_advisory_unlock_all()');
  await carryOut(await recover.plan({}, here), here);
  expect((await recover.plan({}, here)).facts.map(({ label }) => label)).not.toContain('busy__fresh');
});

test('removals that were not finished are, in the repository; what may be at work is not touched', async () => {
  begin();
  const repository = join(home, '.local', 'share', 'pgdeck', 'backups');
  const [dead, fresh] = ['shop_20260101_000000.deleting', 'shop_20260102_000000.partial'];
  for (const name of [dead, fresh]) mkdirSync(join(repository, name), { recursive: true });
  const plan = await recover.plan({}, here);
  expect(plan.steps.map((step) => step.preview)).toEqual([`rm -r ${join(repository, dead)}`]);
  expect((await carryOut(plan, here)).end.ok).toBe(true);
  expect(readdirSync(repository)).toEqual([fresh]);
});

test.each([
  ['postgres@localhost:5432/shop', 'localhost:5432', 'postgres'],
  ['app@[::1]:5432/shop', '[::1]:5432', 'app'],
  ['app@/var/run/postgresql:5433/a/b@c', '/var/run/postgresql:5433', 'app'],
  ['/srv/backups', undefined, undefined],
])('the address and the role of %s', (place, address, role) => {
  expect(roleOf(place)).toBe(role);
  expect(addressOf(place)).toBe(address);
  const here = { place: 'other@localhost:5432/postgres', identifier: undefined };
  expect(isOnServer({ server: place }, here)).toBe(address === undefined || address === 'localhost:5432');
});

test('a server is known by its identifier where it tells it, whatever its address', () => {
  const run = { server: 'postgres@localhost:5432/shop', system_identifier: '1' };
  expect(isOnServer(run, { place: 'postgres@127.0.0.1:5432/shop', identifier: '1' })).toBe(true);
  expect(isOnServer(run, { place: run.server, identifier: '2' })).toBe(false);
  expect(isOnServer(run, { place: run.server, identifier: undefined })).toBe(true);
});
