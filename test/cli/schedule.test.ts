import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { listRuns, type Run } from '../../src/ops/engine/journal/runs.ts';
import { listBackups } from '../../src/ops/repository/repository.ts';
import { jobsOf } from '../../src/ops/schedule/crontab.ts';
import { type TestDatabase, testDatabase } from '../support/cluster.ts';
import { cleanEnvironment, type Outcome, pgdeck, temporaryDirectory } from '../support/program.ts';

const home = temporaryDirectory();
const bin = join(home, 'bin');
const repository = join(home, 'back ups');
const crontab = join(home, 'crontab');
const theirs = 'MAILTO=dba@example.org\n5 4 * * * /usr/local/bin/report\n';
let db: TestDatabase;

/** As Debian's, with a file of its own. */
const CRONTAB = `#!/bin/sh
case "$1" in
  -l) test -f '${crontab}' || { echo "no crontab for dba" >&2; exit 1; }; cat '${crontab}' ;;
  -) cat > '${crontab}' ;;
  *) exit 2 ;;
esac
`;

beforeAll(async () => {
  db = await testDatabase();
  mkdirSync(bin);
  writeFileSync(join(bin, 'crontab'), CRONTAB);
  chmodSync(join(bin, 'crontab'), 0o755);
});
beforeEach(() => writeFileSync(crontab, theirs));
afterAll(() => db.drop());

const state = join(home, 'state');
const environment = (PATH = `${bin}:${process.env.PATH}`) =>
  cleanEnvironment(home, { XDG_STATE_HOME: state, BACKUP_DIR: repository, PATH });

function schedule(...args: string[]): Promise<Outcome> {
  const { host, port, user } = db.target();
  const server = ['-h', host, '-p', String(port), '-U', user, '-d', db.database];
  return pgdeck([...server, 'schedule', ...args], environment());
}

/** What cron does with a line: hands all but the time to sh, in an environment that knows next to nothing. */
async function asCron(name: string, more: Record<string, string> = {}): Promise<number | null> {
  const job = jobsOf(readFileSync(crontab, 'utf8')).find((one) => one.name === name);
  if (job === undefined) throw new Error(`no job ${name}`);
  const child = spawn('/bin/sh', ['-c', job.line.replaceAll('\\%', '%')], {
    env: { HOME: home, PATH: '/usr/bin:/bin', LOGNAME: 'dba', ...more },
    stdio: 'inherit',
  });
  const [code] = await once(child, 'close');
  return code;
}

const runsOf = (name: string): Run[] =>
  listRuns(join(state, 'pgdeck', 'runs')).filter((run) => run.job === name);

async function statusOf(name: string): Promise<{ code: number | null; job: Record<string, unknown> }> {
  const { code, stdout } = await schedule('status', '--json');
  return { code, job: JSON.parse(stdout).jobs.find((one: { name: string }) => one.name === name) };
}

/** As if a run had ended (or, with its beginning, been made) so many hours ago. */
function backdate({ id }: Run, hours: number): void {
  const at = new Date(Date.now() - hours * 3_600_000).toISOString();
  const folder = join(state, 'pgdeck', 'runs', id);
  for (const file of ['plan.json', 'events.ndjson'].map((one) => join(folder, one)))
    writeFileSync(
      file,
      readFileSync(file, 'utf8').replaceAll(/("(?:started_)?at": ?")[^"]*/g, (_, key) => key + at),
    );
}

test('a job is installed, runs from cron, is watched, replaced and removed', async () => {
  const command = `backup --label "50% off" --no-globals`;
  const installed = await schedule('install', 'nightly', '--at', '30 2 * * *', '--command', command, '--yes');
  expect(installed, installed.stderr).toMatchObject({ code: 0 });
  expect(installed.stdout).toMatch(/^To undo it: pgdeck -h .* schedule remove nightly$/m);
  const written = readFileSync(crontab, 'utf8');
  expect(written.startsWith(theirs)).toBe(true);
  const [job, ...more] = jobsOf(written);
  expect([job?.at, more]).toEqual(['30 2 * * *', []]);
  // what is printed for one that is not installed is what would be installed
  const printed = await schedule('print', 'nightly', '--at', '30 2 * * *', '--command', command);
  expect(written).toContain(printed.stdout);
  expect((await schedule('print')).stdout).toBe(printed.stdout);

  expect((await statusOf('nightly')).job).toMatchObject({ state: 'never', last_expected_at: null });
  expect(await asCron('nightly')).toBe(0);
  const [made, ...others] = await listBackups(repository);
  expect([made?.manifest?.label, made?.database, others]).toEqual(['50% off', db.database, []]);
  expect(runsOf('nightly')).toMatchObject([{ operation: 'backup', status: 'done' }]);
  expect(readFileSync(join(state, 'pgdeck', 'schedule', 'nightly.log'), 'utf8')).toContain(': done.');
  expect(await statusOf('nightly')).toMatchObject({
    code: 0,
    job: { state: 'ok', last_success_at: expect.any(String), last_run: runsOf('nightly')[0]?.id },
  });

  // a run that was killed has failed; the last success is still told
  expect(await asCron('nightly', { PGDECK_CRASH_AT: 'dump' })).toBe(137);
  expect(await statusOf('nightly')).toMatchObject({
    code: 1,
    job: { state: 'failed', last_success_at: expect.any(String) },
  });

  // what was installed long ago, and did not run since, was missed
  for (const run of listRuns(join(state, 'pgdeck', 'runs'))) backdate(run, 72);
  const missed = await schedule('status');
  expect([missed.code, missed.stdout]).toEqual([1, expect.stringMatching(/nightly +missed +30 2 \* \* \*/)]);

  const later = await schedule('install', 'nightly', '--at', '0  3 * * mon-fri', '--yes');
  expect(later.code).toBe(0);
  expect(jobsOf(readFileSync(crontab, 'utf8')).map(({ at }) => at)).toEqual(['0 3 * * mon-fri']);
  // another schedule begins anew
  expect((await statusOf('nightly')).job).toMatchObject({ last_expected_at: null });

  const removed = await schedule('remove', 'nightly', '--yes');
  expect(removed).toMatchObject({ code: 0 });
  expect(readFileSync(crontab, 'utf8')).toBe(theirs);
  expect(await schedule('status', '--json')).toMatchObject({ code: 0, stdout: '{"jobs":[]}\n' });
  expect(await schedule('remove', 'nightly', '--yes')).toMatchObject({ code: 2 });
});

test('a job that cannot start says so in its log, and is missed rather than ok', async () => {
  expect((await schedule('install', 'wrong', '--command', 'backup --table nowhere', '--yes')).code).toBe(0);
  expect(await asCron('wrong')).toBe(2);
  expect(readFileSync(join(state, 'pgdeck', 'schedule', 'wrong.log'), 'utf8')).toContain('nowhere');
  for (const run of listRuns(join(state, 'pgdeck', 'runs'))) backdate(run, 72);
  expect((await statusOf('wrong')).job).toMatchObject({ state: 'missed' });
});

test.each([
  [['nightly', '--at', '61 2 * * *'], /five fields of cron/],
  [['nightly', '--at', '0 0 L * *'], /five fields of cron/],
  [['nightly', '--command', 'rm -rf /'], /--command must be a command/],
  [['nightly', '--command', 'backup --bogus'], /no flag --bogus/],
  [["a'b"], /must be letters/],
])('%j is refused, and the crontab stays as it is', async (args, message) => {
  const { code, stderr } = await schedule('install', ...args, '--yes');
  expect([code, stderr]).toEqual([2, expect.stringMatching(message)]);
  expect(readFileSync(crontab, 'utf8')).toBe(theirs);
});

test('for people: times by the clock of this machine; what asks is warned of; nothing installed is said', async () => {
  const plan = await schedule('install', 'restores', '--command', 'restore newest', '--plan');
  expect(plan.stdout).toMatch(/next +\d{4}-\d\d-\d\d 02:30:00\n/);
  expect(plan.stdout).toMatch(/warn +confirmation: .*add --confirm NAME to the command/i);
  expect(await schedule('print')).toMatchObject({
    code: 0,
    stdout: '',
    stderr: expect.stringContaining('No job'),
  });
});

test('where there is no cron, the package is named', async () => {
  const empty = join(home, 'empty');
  mkdirSync(empty);
  const { host, port, user } = db.target();
  const { code, stderr } = await pgdeck(
    ['-h', host, '-p', String(port), '-U', user, 'schedule', 'install', 'x', '--yes'],
    environment(empty),
  );
  expect([code, stderr]).toEqual([2, expect.stringContaining('apt install cron')]);
  expect(existsSync(crontab)).toBe(true);
});
