import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { listRuns } from '../../../src/ops/engine/journal/runs.ts';
import type { OpContext } from '../../../src/ops/engine/operation.ts';
import type { Plan } from '../../../src/ops/engine/plan.ts';
import { type TestDatabase, testDatabase } from '../../support/cluster.ts';
import { temporaryDirectory } from '../../support/program.ts';
import { carryOut } from '../engine/run/stage.ts';
import { listed } from '../remote/stage.ts';
import { backedUp, inDatabase } from '../restore/stage.ts';
import { done, planned } from '../role/stage.ts';
import { Planted, routineContext } from './stage.ts';

const home = temporaryDirectory();
let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.drop());
// each begins with a journal and a repository of its own
beforeEach(async () => {
  rmSync(join(home, 'state'), { recursive: true, force: true });
  rmSync(join(home, 'backups'), { recursive: true, force: true });
  await sql(
    'DROP TABLE IF EXISTS t; CREATE TABLE t AS SELECT g AS id FROM generate_series(1, 1000) g; ALTER TABLE t SET (autovacuum_enabled = off); DELETE FROM t WHERE id > 500; SELECT pg_stat_force_next_flush()',
  ).catch(() =>
    // before 15 statistics come when they come
    sql('SELECT 1'),
  );
});
const sql = (text: string) => inDatabase(db.database, (session) => session.sql(text));
const here = (...given: [Parameters<typeof routineContext>[2], Parameters<typeof routineContext>[3]?]) =>
  routineContext(db.target(), home, ...given);
const maintain = (context: OpContext, input: Record<string, unknown> = {}) =>
  done('maintain', input, context);
const plan = (context: OpContext, input: Record<string, unknown> = {}) => planned('maintain', input, context);

/** What the plan says of each item, by its title. */
const told = ({ tables = [] }: Plan): Record<string, string> =>
  Object.fromEntries((tables[0]?.rows ?? []).map(([item = '', , , now = '']) => [item, now]));
/** What the report says of each. */
const report = (events: Awaited<ReturnType<typeof maintain>>['events']): Record<string, string> => {
  const tables = events.flatMap((event) => (event.type === 'result' ? [event.table] : []));
  const last = tables.find(({ title }) => title === 'The routine');
  return Object.fromEntries((last?.rows ?? []).map(([item = '', result = '']) => [item, result]));
};

test('what is due is done, each as what it is; what is not is said and skipped: the second run does nothing', async () => {
  const file = join(home, 'command');
  const examiner = new Planted();
  const context = here(
    {
      look: { every: 'weekly', check: ['disk', 'bloat'] },
      vacuum: { every: 'weekly', run: 'vacuum --table t --analyze' },
      logs: { every: 'weekly', command: `echo ran >> '${file}'` },
      upgrade: { every: 'weekly' },
      later: { every: 'daily', command: 'false' },
    },
    { examiner },
  );
  const first = await maintain(context, { routine: 'weekly' });
  expect(first.end, first.end.text).toMatchObject({
    ok: true,
    status: 'done',
    state: '4 of 4 items are done.',
  });
  expect(first.plan).toMatchObject({ danger: 'confirm', writes: true, subject: db.database });
  expect(report(first.events)).toEqual({
    look: 'ok',
    'VACUUM and ANALYZE of what is due': 'done',
    logs: 'done',
    'Upgrade to a new major version': 'done',
  });
  expect(examiner.asked).toEqual([['disk', 'bloat']]);
  expect(existsSync(file)).toBe(true);
  expect(
    await sql("SELECT last_vacuum IS NOT NULL AS v FROM pg_stat_user_tables WHERE relname = 't'"),
  ).toEqual([{ v: true }]);
  // each operation is a run of its own
  expect(listRuns(context.journal).map(({ operation, status }) => `${operation} ${status}`)).toEqual(
    expect.arrayContaining(['maintain done', 'vacuum done']),
  );
  const tables = first.events.flatMap((event) => (event.type === 'result' ? [event.table] : []));
  // the report first, which is short, then what is long
  expect(tables.map(({ title }) => title.split(':')[0])).toEqual([
    'The routine',
    'Before an upgrade to a new major version',
  ]);
  expect(tables[1]?.rows.length).toBeGreaterThan(10);

  const second = await plan(context, { routine: 'weekly' });
  expect(second.steps).toEqual([]);
  expect(second.danger).toBe('none');
  expect(Object.values(told(second))).toEqual(
    Array(4).fill(expect.stringMatching(/^not due: done .* ago \(run /)),
  );
  // asked for by its name it is done all the same
  expect((await plan(context, { item: ['logs'] })).steps.map(({ title }) => title)).toEqual([
    'logs',
    'Report',
  ]);
});

test('a failed item does not stop the others, the run has failed, and only it is due again', async () => {
  const context = here({
    first: { every: 'daily', command: 'echo no room >&2; exit 3' },
    second: { every: 'daily', check: 'disk' },
    third: { every: 'daily', run: 'backups verify newest' },
    fourth: { every: 'daily', command: 'true' },
  });
  const { end, events } = await maintain(context, { routine: 'daily' });
  expect(end).toMatchObject({ ok: false, status: 'failed' });
  expect(end.text).toMatch(/^first: .*no room/s);
  expect(end.text).toMatch(/third: There is no good whole backup/);
  expect(end.state).toMatch(/^2 of 4 items are done; not, or not well: first, third\. /);
  expect(report(events)).toEqual({ first: 'failed', second: 'ok', third: 'failed', fourth: 'done' });
  const again = await plan(context, { routine: 'daily' });
  expect(told(again)).toMatchObject({
    first: expect.stringMatching(/^due: .* ago: first: .*no room/s),
    second: expect.stringMatching(/^not due/),
    third: expect.stringMatching(/^due: /),
    fourth: expect.stringMatching(/^not due/),
  });
});

test('what a check has found keeps it due until it is seen to; a warning does not', async () => {
  const examiner = new Planted();
  const context = here(
    { disk: { every: 'daily', check: 'disk' }, log: { every: 'daily', check: 'log_errors' } },
    { examiner },
  );
  examiner.found.set('disk', 'alert').set('log_errors', 'warning');
  const { end, events } = await maintain(context);
  expect(end).toMatchObject({ ok: false, status: 'failed', next: 'pgdeck check' });
  expect(report(events)).toEqual({ 'Disk space': 'found', "Errors in the server's log": 'warning' });
  const next = events.find((event) => event.type === 'result' && event.table.title === 'What comes next');
  expect(next).toMatchObject({
    table: {
      rows: [['Disk space', expect.stringContaining('disk is bad'), 'pgdeck check'], expect.anything()],
    },
  });
  examiner.found.clear();
  const after = await maintain(context);
  expect(told(after.plan)).toEqual({
    'Disk space': expect.stringMatching(/^due: .* ago: Disk space: disk is bad\./),
    "Errors in the server's log": expect.stringMatching(/^not due/),
  });
  expect(after.end).toMatchObject({ ok: true, state: '1 of 1 item is done. 1 item skipped.' });
  expect((await plan(context)).steps).toEqual([]);
});

test('what a person has done by hand, and what the server and the repository know, counts', async () => {
  const context = here({
    backup: { every: 'weekly' },
    vacuum: { every: 'weekly', run: 'vacuum' },
    statistics: { every: 'monthly' },
  });
  expect(Object.values(told(await plan(context)))).toEqual(
    Array(3).fill(expect.stringMatching(/^due: never done/)),
  );
  const { id } = await backedUp(context);
  expect((await done('vacuum', {}, context)).end.ok).toBe(true);
  await sql('ANALYZE');
  const titles = told(await plan(context));
  expect(titles).toEqual({
    'A backup': expect.stringMatching(/^not due: done .* ago/),
    'VACUUM and ANALYZE of what is due': expect.stringMatching(/^not due: done .* ago \(run /),
    "The planner's statistics": expect.stringMatching(/^not due: done .* ago \(the server: each table was/),
  });
  rmSync(join(home, 'state'), { recursive: true });
  expect(told(await plan(context))).toMatchObject({
    'A backup': expect.stringContaining(`(${id})`),
    'VACUUM and ANALYZE of what is due': expect.stringMatching(/^not due: .*the server/),
  });
  // what was done a month ago is due, whoever says so
  const month = here({ backup: { every: 'weekly' } }, { now: () => new Date(Date.now() + 30 * 86_400_000) });
  expect(told(await plan(month))['A backup']).toMatch(/^due: done 30d/);
});

test('a backup that is due is made before the one that proves it, though there is none yet', async () => {
  const context = here({
    backup: { every: 'weekly' },
    restorable: { every: 'weekly', run: 'backups verify newest' },
  });
  const { plan: before, end, events } = await maintain(context, { routine: 'weekly' });
  expect(before.checks).toEqual([
    expect.objectContaining({
      title: 'The newest backup restores',
      status: 'warn',
      detail: expect.stringMatching(
        /^It is tried at its turn\. As things are: There is no good whole backup/,
      ),
    }),
  ]);
  expect(end, end.text).toMatchObject({ ok: true });
  expect(report(events)).toEqual({ 'A backup': 'done', 'The newest backup restores': 'done' });
});

test('what has nothing to do is done with that and not due again, and the same work is done once', async () => {
  await sql('VACUUM ANALYZE');
  const context = here({
    vacuum: { every: 'weekly', run: 'vacuum --due --table t' },
    look: { every: 'weekly', run: 'backups verify newest' },
    later: { every: 'monthly', run: 'backups verify newest' },
  });
  await backedUp(context);
  const { plan: before, end, events, lines } = await maintain(context);
  expect(told(before)).toMatchObject({
    'VACUUM and ANALYZE of what is due': expect.stringMatching(/^due: .*; nothing to vacuum now$/),
    later: 'the same as look',
  });
  expect(end, end.text).toMatchObject({ ok: true, state: '2 of 2 items are done. 1 item skipped.' });
  expect(report(events)).toEqual({
    'VACUUM and ANALYZE of what is due': 'done',
    look: 'done',
    later: 'skipped',
  });
  expect(lines.filter((line) => line.startsWith('Verify '))).toHaveLength(1);
  expect(listRuns(context.journal).filter(({ operation }) => operation === 'vacuum')).toEqual([]);
  expect((await plan(context)).steps).toEqual([]);
});

test('what is not set up is said and skipped', async () => {
  const context = here({
    cleanup: { every: 'monthly' },
    prune: { every: 'monthly' },
    archive: { every: 'monthly' },
  });
  const monthly = await plan(context, { routine: 'monthly' });
  expect(monthly.steps).toEqual([]);
  expect(told(monthly)).toEqual({
    'Old rows, by the rules': 'the profile has no rules (cleanup)',
    'Old backups, by the rule': 'no rule is set (backup.keep)',
    'The newest backup to the remote': 'no remote set up (backup.remote)',
  });
});

test('where copies are set up the newest backup is sent', async () => {
  const path = join(home, 'disk');
  mkdirSync(path);
  const remote = { kind: 'directory', path } as const;
  const context = { ...here({ archive: { every: 'monthly' } }), backup: { remote } };
  await done('backup', {}, context);
  const { end } = await maintain(context, { routine: 'monthly' });
  expect(end, end.text).toMatchObject({ ok: true });
  expect((await listed(remote)).copies).toHaveLength(1);
});

test('rules that delete rows are confirmed by the name of the database', async () => {
  await sql(
    "CREATE TABLE old (id int PRIMARY KEY, at date); INSERT INTO old VALUES (1, '2001-01-01'), (2, now())",
  );
  const rule = { table: 'old', column: 'at', older_than: '1y', archive: join(home, 'rows') };
  const context = here({ cleanup: { every: 'monthly' } }, { cleanup: [rule] });
  const { plan: asked, end } = await maintain(context, { routine: 'monthly' });
  expect(asked).toMatchObject({ danger: 'type-name', subject: db.database });
  expect(end, end.text).toMatchObject({ ok: true });
  expect(await sql('SELECT id FROM old')).toEqual([{ id: 2 }]);
  const cleanup = listRuns(context.journal).find(({ operation }) => operation === 'cleanup');
  expect((await done('undo', { run: cleanup?.id }, context)).end.ok).toBe(true);
  expect(await sql('SELECT id FROM old ORDER BY id')).toEqual([{ id: 1 }, { id: 2 }]);
});

test.each([
  [{ x: { every: 'daily', run: 'vaccum' } }, '"vaccum" is no operation of pgdeck'],
  [{ x: { every: 'daily', run: 'vacuum --quick' } }, 'vacuum takes no --quick'],
  [{ x: { every: 'daily', run: 'vacuum "t' } }, 'a quote in "vacuum "t" is not closed'],
  [{ x: { every: 'daily', run: 'vacuum --parallel x' } }, /^vacuum: parallel must be a whole number/],
  [{ x: { every: 'daily', run: 'maintain' } }, 'maintain is nothing for a routine'],
  [{ x: { every: 'daily', run: 'terminate 1' } }, 'terminate is nothing for a routine'],
  [{ x: { every: 'daily', check: 'no_such' } }, 'there is no check "no_such"'],
] as const)('settings that mean nothing block it: %j', async (items, why) => {
  const blocked = await plan(here({ ...items, y: { every: 'daily', command: 'true' } }));
  expect(blocked.checks).toEqual([
    expect.objectContaining({ title: 'Settings: x', status: 'block', detail: expect.stringMatching(why) }),
  ]);
  expect(blocked.steps).toEqual([]);
});

test('an item that there is not is refused with those that there are', async () => {
  const context = here({ a: { every: 'daily', command: 'true' } });
  await expect(plan(context, { item: ['b'] })).rejects.toMatchObject({
    message: 'The routine has no item "b".',
    next: 'Its items are a.',
  });
  await expect(plan(context, { routine: 'weekly' })).rejects.toMatchObject({
    message: 'The weekly routine has no items.',
  });
});

test('one that is stopped leaves what is not begun due', async () => {
  const context = here({
    first: { every: 'daily', command: 'true' },
    second: { every: 'daily', command: 'sleep 60' },
    third: { every: 'daily', command: 'true' },
  });
  const stop = new AbortController();
  const { end, events } = await carryOut(await plan(context), context, {
    signal: stop.signal,
    onEvent: (event) => {
      if (event.type === 'start' && event.id === 'item:second') setImmediate(() => stop.abort());
    },
  });
  expect(end).toMatchObject({ ok: false, status: 'cancelled' });
  expect(report(events)).toEqual({ first: 'done', second: 'cancelled', third: 'not begun' });
  expect(told(await plan(context))).toEqual({
    first: expect.stringMatching(/^not due/),
    second: expect.stringMatching(/^due: .* ago: second: It was stopped/),
    third: expect.stringMatching(/^due: never/),
  });
});

test('an item whose work has changed since was not done', async () => {
  expect((await maintain(here({ a: { every: 'daily', command: 'true' } }))).end.ok).toBe(true);
  expect(told(await plan(here({ a: { every: 'daily', command: 'true' } }))).a).toMatch(/^not due/);
  expect(told(await plan(here({ a: { every: 'daily', command: 'echo' } }))).a).toMatch(/^due: never/);
});

test('read-only: checks are made, and what writes is refused as a whole', async () => {
  const items = {
    look: { every: 'daily', check: 'disk' },
    vacuum: { every: 'weekly', run: 'vacuum --table t' },
  } as const;
  const context = here(items, { readOnly: true });
  expect((await maintain(context, { routine: 'daily' })).end).toMatchObject({ ok: true });
  expect((await maintain(context, { routine: 'weekly' })).end).toMatchObject({ status: 'refused' });
});
