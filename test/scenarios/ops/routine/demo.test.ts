import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { type Demo, startDemo } from '../../../../src/demo/demo.ts';
import { listRuns } from '../../../../src/ops/engine/journal/runs.ts';
import { listBackups } from '../../../../src/ops/repository/repository.ts';
import { cleanEnvironment, type Outcome, pgdeck, temporaryDirectory } from '../../../support/program.ts';

let demo: Demo;
beforeAll(async () => {
  demo = await startDemo({ scale: 0.1, bin: inject('postgres').bin });
}, 120_000);
afterAll(() => demo?.stop());

/** A user who has done nothing yet. */
function user(settings: object = {}) {
  const home = temporaryDirectory();
  const file = join(home, 'settings.json');
  writeFileSync(file, JSON.stringify(settings));
  const { host, port, user: role, database } = demo.target;
  const env = cleanEnvironment(home, {
    BACKUP_DIR: join(home, 'backups'),
    XDG_STATE_HOME: join(home, 'state'),
  });
  const server = ['--config', file, '-h', host, '-p', String(port), '-U', role, '-d', database];
  return {
    home,
    maintain: (...args: string[]): Promise<Outcome> => pgdeck([...server, 'maintain', ...args], env),
  };
}

/** What the report says of each item. */
function report({ stdout }: Outcome): Record<string, string> {
  const lines = stdout.slice(stdout.indexOf('The routine:')).split('\n').slice(2);
  return Object.fromEntries(
    lines.flatMap((line) => {
      const [, item, result] =
        /^(\S.*?) {2,}(done|ok|warning|found|not known|failed|skipped)\b/.exec(line) ?? [];
      return item === undefined || result === undefined ? [] : [[item, result]];
    }),
  );
}

test('weekly: what is due is done, and the second run does nothing; the drill of the quarter is then done too', async () => {
  const { home, maintain } = user();
  const first = await maintain('--routine', 'weekly', '--yes');
  expect(first.code, first.stderr).toBe(0);
  const seen = report(first);
  expect(Object.keys(seen)).toEqual([
    'A backup',
    'The newest backup restores',
    'VACUUM and ANALYZE of what is due',
    'Slow statements',
    'Use of indexes',
  ]);
  // the workload may have left no table due: that is done, too
  expect(seen).toMatchObject({
    'A backup': 'done',
    'The newest backup restores': 'done',
    'VACUUM and ANALYZE of what is due': 'done',
  });
  const [backup] = await listBackups(join(home, 'backups'));
  expect(backup?.manifest?.verifications.map(({ level, ok }) => [level, ok])).toContainEqual([
    'restore',
    true,
  ]);

  const runs = listRuns(join(home, 'state', 'pgdeck', 'runs')).length;
  const second = await maintain('--routine', 'weekly', '--yes');
  expect(second).toMatchObject({ code: 0, stdout: '' });
  expect(second.stderr).toMatch(/There is nothing to do\.$/m);
  expect(second.stderr.match(/not due: done/g)).toHaveLength(5);
  expect(listRuns(join(home, 'state', 'pgdeck', 'runs'))).toHaveLength(runs);

  const quarterly = await maintain('--routine', 'quarterly', '--plan');
  expect(quarterly.stdout).toMatch(/Restore drill +quarterly .*not due: done .* ago \((shop_|run )/);
}, 300_000);

test('quarterly includes the drill and prints the list for an upgrade; an item that fails stops no other, and exits with 1', async () => {
  const { maintain } = user({
    routine: { broken: { every: 'quarterly', command: 'echo no such thing >&2; exit 4' } },
  });
  expect((await maintain('--item', 'backup', '--yes')).code).toBe(0);
  const { code, stdout, stderr } = await maintain('--routine', 'quarterly', '--yes');
  expect(code, stderr).toBe(1);
  const seen = report({ code, stdout, stderr });
  expect(seen).toMatchObject({
    'Restore drill': 'done',
    'Upgrade to a new major version': 'done',
    broken: 'failed',
  });
  expect(stdout).toMatch(/Before an upgrade to a new major version: PostgreSQL/);
  expect(stderr).toMatch(/Held yes, Found Restored into a throwaway PostgreSQL/);
  expect(stderr).toMatch(/broken: .*no such thing/s);
  // only that is due now
  const again = await maintain('--routine', 'quarterly', '--plan');
  expect(again.stdout.match(/ {2}due: /g)).toHaveLength(1);
  expect(again.stdout).toMatch(/^broken .* due: .* ago: broken: /m);
}, 300_000);

test('daily is checks alone: it asks for nothing, and what is planned changes nothing', async () => {
  const { home, maintain } = user();
  const plan = await maintain('--routine', 'daily', '--plan', '--json');
  expect(JSON.parse(plan.stdout)).toMatchObject({ danger: 'none', writes: false });
  expect(listRuns(join(home, 'state', 'pgdeck', 'runs'))).toEqual([]);
  const { code, stdout, stderr } = await maintain('--routine', 'daily');
  const seen = report({ code, stdout, stderr });
  expect(Object.keys(seen)).toEqual([
    'Backups are made',
    'Disk space',
    "Errors in the server's log",
    'Connections',
  ]);
  // there is no backup yet, and the disk is this machine's
  expect(seen['Backups are made']).toBe('warning');
  expect(code).toBe(Object.values(seen).some((one) => one === 'found' || one === 'not known') ? 1 : 0);
}, 120_000);
