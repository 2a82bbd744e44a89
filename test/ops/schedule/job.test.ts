import { expect, test } from 'vitest';
import type { Run } from '../../../src/ops/engine/journal/runs.ts';
import type { OpContext } from '../../../src/ops/engine/operation.ts';
import { entryOf } from '../../../src/ops/registry.ts';
import { badTime, jobOf, surprise, timesOf } from '../../../src/ops/schedule/job.ts';
import { jobStatus } from '../../../src/ops/schedule/status.ts';
import { badCommand, unconfirmed } from '../../../src/ops/schedule/words.ts';
import { splitWords } from '../../../src/text/shell.ts';

test.each(['30 2 * * *', '*/5 * * * *', '0 5 * * 0', '0 0 1 1,7 *', '15 3 * * mon-fri'])(
  'cron knows %s',
  (at) => {
    expect(badTime(at)).toBeUndefined();
  },
);

test.each(['', '2 o clock', '61 2 * * *', '* * * *', '0 0 0 1 1 *', '30 25 * * *'])(
  '"%s" is refused',
  (at) => {
    expect(badTime(at)).toMatch(/^expected five fields of cron/);
  },
);

test('a day that never comes is refused', () => {
  expect(badTime('0 0 31 2 *')).toMatch(/no such day/);
});

test('a day of the month and a weekday are one or the other, but for a field that begins with a star', () => {
  const now = new Date(2026, 10, 28, 12);
  expect(surprise('0 4 1-7 * 0', now)).toMatch(
    /besides on each weekday 0.*: Sun Nov 29 2026, Tue Dec 01 2026, Wed Dec 02 2026, Thu Dec 03 2026, Fri Dec 04 2026\./,
  );
  for (const plain of ['0 4 1-7 * *', '0 4 * * 0', '0 4 */2 * 0', '0 4 1-7 * */2', '30 2 * * *'])
    expect(surprise(plain, now), plain).toBeUndefined();
  // as cron does: the odd days that are Sundays
  expect(timesOf('0 4 */2 * 0', new Date(2026, 11, 1)).next).toEqual(new Date(2026, 11, 13, 4));
});

test.each([
  [
    'a line break',
    { words: ['backup', '--label', 'a\n* * * * * x'] },
    /^A line break cannot stand in a crontab/,
  ],
  ['one in the connection', { connection: ['-d', 'a\nb'] }, /^A line break/],
  ['one in a variable', { env: { BACKUP_DIR: '/a\n/b' } }, /^A line break/],
  ['an escaped percent sign', { words: ['backup', '--label', '\\%'] }, /^A backslash before a percent sign/],
])('%s is refused, which a crontab would take for something else', (_, given, message) => {
  const { words = ['backup'], ...more } = given as { words?: string[] };
  const context = { env: {}, connection: [], journal: '/state/runs', ...more } as unknown as OpContext;
  const about = { name: 'nightly', at: '30 2 * * *', flock: true, program: [] };
  expect(() => jobOf(context, { ...about, words })).toThrow(message);
  expect(
    jobOf({ ...context, env: {}, connection: [] }, { ...about, words: ['backup', '--label', '5%'] }).line,
  ).toContain(String.raw`5\%`);
});

test('what the environment says of backups, docker and kubectl goes along, since cron knows none of it', () => {
  const env = {
    ...{ BACKUP_DIR: '/b', RETENTION_DAYS: '30', BACKUP_VOLUMES: 'true', DOCKER_HOST: 'unix:///d.sock' },
    ...{ KUBECONFIG: '/k', PGPASSWORD: 'geheim' },
  };
  const context = { env, connection: [], journal: '/state/runs' } as unknown as OpContext;
  const about = { name: 'nightly', at: '0 2 * * *', flock: false, program: ['pgdeck'], words: ['backup'] };
  expect(jobOf(context, about).line.split(' >>')[0]).toBe(
    'BACKUP_DIR=/b DOCKER_HOST=unix:///d.sock KUBECONFIG=/k RETENTION_DAYS=30 BACKUP_VOLUMES=true PGDECK_JOB=nightly pgdeck backup',
  );
});

test.each([
  ['backup --label "after lunch"', ['backup', '--label', 'after lunch']],
  [String.raw`a 'b"c' d\ e "f\"g" ''`, ['a', 'b"c', 'd e', 'f"g', '']],
  ['  ', []],
])('%s', (text, words) => {
  expect(splitWords(text)).toEqual(words);
});

test('a quote that is not closed is no command', () => {
  expect(splitWords("backup 'x")).toBeUndefined();
});

test('a command is known with its flags', async () => {
  expect(await badCommand(['schedule', 'remove', 'x', '--yes'], entryOf)).toBeUndefined();
  expect(await badCommand(['schedule', 'remove', 'x', '--force'], entryOf)).toMatch(/no flag --force/);
  expect(await badCommand(['rm', '-rf'], entryOf)).toMatch(/^expected a command.*got "rm"/);
});

test('what asks before it begins has its answer in the command', () => {
  expect(unconfirmed(['backup'], entryOf)).toBeUndefined();
  expect(unconfirmed(['backups', 'prune', '--yes'], entryOf)).toBeUndefined();
  expect(unconfirmed(['backups', 'prune'], entryOf)).toMatch(
    /pgdeck backups prune asks .* add --yes to the command$/,
  );
  expect(unconfirmed(['restore', 'newest', '--yes'], entryOf)).toMatch(/add --confirm NAME/);
  expect(unconfirmed(['restore', 'newest', '--confirm=shop'], entryOf)).toBeUndefined();
  // a flag with which it changes something
  expect(unconfirmed(['check'], entryOf)).toBeUndefined();
  expect(unconfirmed(['check', '--install'], entryOf)).toMatch(/pgdeck check asks .* add --yes/);
  expect(unconfirmed(['check', '--install', '--yes'], entryOf)).toBeUndefined();
});

const job = { name: 'nightly', at: '30 2 * * *', line: 'pgdeck backup' };
const at = (day: number, hour: number, minute = 0) => new Date(2026, 10, day, hour, minute);
const run = (began: Date, status: Run['status']): Run => ({
  id: `run-${began.getTime()}`,
  operation: 'backup',
  subject: 'Back up shop',
  server: 'x',
  input: {},
  who: 'dba',
  host: 'h',
  pid: 1,
  process_started: null,
  started_at: began.toISOString(),
  job: 'nightly',
  steps: [],
  ended_at: status === 'running' ? null : new Date(began.getTime() + 60_000).toISOString(),
  status,
  undo: null,
  undone_by: null,
  facts: {},
  events: [],
});

test('a job that ran when it should is ok', () => {
  const status = jobStatus(job, [run(at(20, 2, 30), 'done')], at(20, 12));
  expect(status).toMatchObject({
    state: 'ok',
    last_expected_at: at(20, 2, 30).toISOString(),
    next_at: at(21, 2, 30).toISOString(),
  });
});

test('one that did not begin is missed, also when an older one succeeded', () => {
  expect(jobStatus(job, [run(at(19, 2, 30), 'done')], at(20, 12)).state).toBe('missed');
  expect(jobStatus(job, [], at(20, 12)).state).toBe('missed');
});

test('one that failed is failed, and its last success is still told', () => {
  const status = jobStatus(job, [run(at(20, 2, 30), 'failed'), run(at(19, 2, 30), 'done')], at(20, 12));
  expect(status).toMatchObject({ state: 'failed', last_success_at: expect.stringMatching(/^2026-11-19/) });
});

test('nothing is expected before it was installed, and a minute late is not missed', () => {
  expect(jobStatus(job, [], at(20, 12), at(20, 11)).state).toBe('never');
  expect(jobStatus(job, [run(at(19, 2, 30), 'done')], at(20, 2, 31)).state).toBe('ok');
});

test('runs of other jobs do not count', () => {
  const other = { ...run(at(20, 2, 30), 'done'), job: 'drill' };
  expect(jobStatus(job, [other], at(20, 12)).state).toBe('missed');
});
