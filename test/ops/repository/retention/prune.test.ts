import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { Journal, markUndone } from '../../../../src/ops/engine/journal/journal.ts';
import { prune as pruneOperation } from '../../../../src/ops/repository/retention/prune.ts';
import { updateManifest } from '../../../../src/ops/repository/update.ts';
import { restoreFields } from '../../../../src/ops/restore/input.ts';
import { serverTarget } from '../../../support/cluster.ts';
import { cleanEnvironment, pgdeck, temporaryDirectory } from '../../../support/program.ts';
import { carryOut, contextOf } from '../../engine/run/stage.ts';
import { putBackup } from './stock.ts';

const home = temporaryDirectory();
const env = cleanEnvironment(home);
let repository = '';
let n = 0;
beforeEach(() => {
  repository = join(home, `repository-${n++}`);
  for (const days of [0, 1, 2, 3, 40]) putBackup(repository, `shop_${days}`, { days });
  putBackup(repository, 'shop_schema', { days: 50, scope: 'schema_only' });
  putBackup(repository, 'stock_old', { days: 400, database: 'stock' });
  putBackup(repository, 'shop_pinned', { days: 300, pinned: true });
  writeFileSync(join(repository, 'other_20200101.sql'), '-- PostgreSQL database dump\n');
});

/** What the form of a restore offers, in its order. */
async function choicesIn(dir: string): Promise<string[]> {
  const context = contextOf(serverTarget(), home);
  const found = await restoreFields.backup.choices?.(context, { dir });
  await context.close();
  return (found ?? []).map(({ value }) => value);
}

const prune = (...args: string[]) => pgdeck(['backups', 'prune', '--dir', repository, ...args], env);

test('without --yes it prints what it would do, and does nothing', async () => {
  const before = readdirSync(repository);
  const { code, stderr, stdout } = await prune('--keep', 'last 2');
  expect(code).toBe(2);
  expect(stdout + stderr).toMatch(/shop_40 .*delete/);
  expect(readdirSync(repository)).toEqual(before);
});

test('removes what the rule does not keep; pinned ones, other scopes, other databases and foreign files stay', async () => {
  const { code, stderr } = await prune('--keep', 'last 2', '--yes');
  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(readdirSync(repository).sort()).toEqual([
    'other_20200101.sql',
    'shop_0',
    'shop_1',
    'shop_pinned',
    'shop_schema',
    'stock_old',
  ]);
});

test('what a killed run was removing is listed no more, and recover finishes it', async () => {
  const killed = await pgdeck(['backups', 'prune', '--dir', repository, '--keep', 'last 4', '--yes'], {
    ...env,
    PGDECK_CRASH_AT: 'delete:shop_40:renamed',
  });
  expect(killed.code).toBeNull();
  const { stdout } = await pgdeck(['backups', 'list', '--dir', repository, '--json'], env);
  expect(JSON.parse(stdout).backups.map((one: { id: string }) => one.id)).not.toContain('shop_40');
  expect(readdirSync(repository)).toContain('shop_40.deleting');
  const [run] = JSON.parse((await pgdeck(['runs', 'list', '--json'], env)).stdout).runs;
  // only this run: others of the server are not this test's
  const { host, port, user } = serverTarget();
  const recover = () =>
    pgdeck(['-h', host, '-p', String(port), '-U', user, '-d', 'postgres', 'recover', run.id, '--yes'], env);
  const { code, stderr } = await recover();
  expect(code, stderr).toBe(0);
  expect(readdirSync(repository)).not.toContain('shop_40.deleting');
  expect(readdirSync(repository)).toContain('shop_3');
  expect((await recover()).stderr).toContain('has left nothing behind');
});

test('a rule that is none is refused, and nothing goes', async () => {
  const before = readdirSync(repository);
  const { code, stderr } = await prune('--keep', 'everything', '--yes');
  expect([code, stderr]).toEqual([2, expect.stringContaining('7 daily 4 weekly 12 monthly')]);
  expect(readdirSync(repository)).toEqual(before);
});

test('an empty repository has nothing to prune', async () => {
  const empty = join(home, 'empty');
  mkdirSync(empty);
  const { code } = await pgdeck(['backups', 'prune', '--dir', empty], env);
  expect(code).toBe(0);
});

test('the newest good backup has a name of its own: a job need not know what it is called', async () => {
  putBackup(repository, 'shop_bad', { days: -1, good: false });
  putBackup(repository, 'shop_tables', { days: -2, scope: 'tables' });
  putBackup(repository, 'shop_safety', { days: -3, safety: true });
  const shown = await pgdeck(
    ['backups', 'pin', 'newest', '--dir', repository, '-h', '/nowhere', '-d', 'shop', '--json'],
    env,
  );
  expect(shown).toMatchObject({ code: 0, stdout: expect.stringContaining('shop_0') });
  const none = await pgdeck(
    ['backups', 'pin', 'newest', '--dir', repository, '-h', '/nowhere', '-d', 'x'],
    env,
  );
  expect([none.code, none.stderr]).toEqual([
    2,
    expect.stringMatching(/no good whole backup of x.*pgdeck .*-d x backup/),
  ]);
});

test('what was saved of a damaged state does not push out the good one: it has a rule of its own', async () => {
  const own = join(home, 'safety');
  putBackup(own, 'shop_good', { days: 3 });
  putBackup(own, 'shop_older', { days: 4 });
  for (const days of [0, 0.5, 1, 2, 20]) putBackup(own, `shop_safety_${days}`, { days, safety: true });
  const rules = ['--keep', 'last 1', '--dir', own];
  const plan = JSON.parse((await pgdeck(['backups', 'prune', ...rules, '--plan', '--json'], env)).stdout);
  expect(plan.facts).toEqual(
    expect.arrayContaining([
      { label: 'Rule', value: 'last 1' },
      { label: 'Safety backups', value: 'last 3 7 days' },
    ]),
  );
  expect(
    plan.tables.map((table: { title: string; rows: string[][] }) => [table.title, table.rows.length]),
  ).toEqual([
    ['What "last 1" keeps', 2],
    ['Safety backups: what "last 3 7 days" keeps', 5],
  ]);
  expect((await pgdeck(['backups', 'prune', ...rules, '--yes'], env)).code).toBe(0);
  expect(readdirSync(own).sort()).toEqual([
    'shop_good',
    ...['shop_safety_0', 'shop_safety_0.5', 'shop_safety_1', 'shop_safety_2'],
  ]);
  await pgdeck(['backups', 'prune', ...rules, '--keep-safety', 'last 1', '--yes'], env);
  expect(readdirSync(own).sort()).toEqual(['shop_good', 'shop_safety_0']);
});

test('a bad rule for safety backups is refused, as a flag and in the settings', async () => {
  const flag = await prune('--keep-safety', 'three', '--yes');
  expect([flag.code, flag.stderr]).toEqual([2, expect.stringContaining('"last 10"')]);
  const folder = join(home, 'config', 'pgdeck');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'config.json'), JSON.stringify({ backup: { keep_safety: '0 days' } }));
  const settings = await pgdeck(['backups', 'prune', '--dir', repository, '--yes'], {
    ...env,
    XDG_CONFIG_HOME: join(home, 'config'),
  });
  expect([settings.code, settings.stderr]).toEqual([2, expect.stringContaining('"0 days" is no rule')]);
});

test('the newest is none from the future, and none of those that were made before a change', async () => {
  const own = join(home, 'newest');
  putBackup(own, 'shop_2099', { days: -9999 });
  putBackup(own, 'shop_safety', { days: 0, safety: true });
  // as they were before their manifests said so
  putBackup(own, 'shop_old_safety', {
    days: 0.1,
    safety: null,
    label: 'before a restore of these tables',
  });
  putBackup(own, 'shop_mine', { days: 0.2, label: 'before a restore of these tables' });
  putBackup(own, 'shop_older', { days: 2 });
  const newest = async () =>
    JSON.parse(
      (await pgdeck(['backups', 'show', 'newest', '--dir', own, '-d', 'shop', '--json'], env)).stdout,
    ).backup.id;
  expect(await newest()).toBe('shop_mine');
  const { stdout } = await pgdeck(['backups', 'list', '--dir', own, '--json'], env);
  const safety = JSON.parse(stdout).backups.flatMap((one: { id: string; safety: boolean }) =>
    one.safety ? [one.id] : [],
  );
  expect(safety).toEqual(['shop_safety', 'shop_old_safety']);
  const list = (await pgdeck(['backups', 'list', '--dir', own], env)).stdout.split('\n');
  expect(list.filter((line) => / safety /.test(line)).map((line) => line.split(' ')[0])).toEqual(safety);
  const offered = await choicesIn(own);
  expect(offered).toEqual(['shop_mine', 'shop_older', 'shop_2099', 'shop_safety', 'shop_old_safety']);
});

test('what only a safety backup can roll back keeps it: by the command of the run, or because the run failed', async () => {
  const own = join(home, 'needed');
  const context = contextOf(serverTarget(), join(home, 'needing'));
  for (const name of ['tables', 'failed', 'taken', 'old'])
    putBackup(own, `shop_${name}`, { days: 20, safety: true });
  for (const days of [1, 2, 3]) putBackup(own, `shop_${days}`, { days, safety: true });
  const began = (name: string, now?: Date) => {
    const record = { operation: 'restore', subject: 'Restore shop', server: 's', input: {}, steps: [] };
    const journal = Journal.begin(context.journal, record, now);
    journal.write({
      type: 'record',
      facts: { safety: { id: `shop_${name}`, path: join(own, `shop_${name}`) } },
    });
    return journal;
  };
  began('tables').end('done', 'pgdeck restore shop_tables --table public.a --mode replace --database shop');
  began('failed').end('failed');
  const taken = began('taken');
  taken.end('done', `pgdeck undo ${taken.id}`);
  markUndone(context.journal, taken.id, 'another');
  began('old', new Date(Date.now() - 15 * 86_400_000)).end('failed');
  const plan = await pruneOperation.plan({ dir: own }, context);
  await context.close();
  expect(plan.steps.map(({ id }) => id).sort()).toEqual(['delete:shop_old', 'delete:shop_taken']);
});

test('what was pinned, or is read by a run, since it was planned stays', async () => {
  const context = contextOf(serverTarget(), join(home, 'later'));
  const plan = await pruneOperation.plan({ dir: repository, keep: 'last 1', database: 'shop' }, context);
  expect(plan.steps.map(({ id }) => id)).toEqual(
    ['shop_1', 'shop_2', 'shop_3', 'shop_40'].map((id) => `delete:${id}`),
  );
  await updateManifest(join(repository, 'shop_1'), (manifest) => ({ ...manifest, pinned: true }));
  const record = { operation: 'restore', subject: 'Restore shop', server: 's', steps: [] };
  const reading = Journal.begin(context.journal, { ...record, input: { backup: 'shop_2' } });
  writeFileSync(join(repository, 'shop_3', 'a.dump'), 'PG');
  const { end, events } = await carryOut(plan, context);
  reading.end('done');
  await context.close();
  expect(end).toMatchObject({ ok: true });
  expect(events.flatMap((event) => (event.type === 'line' ? [event.text] : []))).toEqual([
    'shop_1 stays: pinned.',
    'shop_2 stays: a run needs it.',
    'shop_3 stays: not good, and recent.',
  ]);
  expect(readdirSync(repository)).toEqual(expect.arrayContaining(['shop_0', 'shop_1', 'shop_2', 'shop_3']));
  expect(readdirSync(repository)).not.toContain('shop_40');
});
