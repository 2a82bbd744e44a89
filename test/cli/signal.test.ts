import { spawn } from 'node:child_process';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { inputOf } from '../../src/cli/operation/flags.ts';
import { UsageError } from '../../src/config/usage-error.ts';
import { connect, type Session } from '../../src/db/client.ts';
import type { Cluster } from '../../src/hosts/cluster/cluster.ts';
import { terminate } from '../../src/ops/signal/operations.ts';
import { blocked, isThere, seen, sleeping, waitersOf } from '../ops/signal/stage.ts';
import { throwawayCluster, until } from '../support/cluster.ts';
import { cleanEnvironment, MAIN, pgdeckHere, temporaryDirectory } from '../support/program.ts';

// a server of its own: a sweep of idle sessions would take those of other tests
let cluster: Cluster;
let watcher: Session;
let open: Session[] = [];
const home = temporaryDirectory();

beforeAll(async () => {
  cluster = await throwawayCluster();
  watcher = await connect(cluster.target(), 'control', 'pgdeck-test');
  await watcher.sql('CREATE ROLE plain LOGIN; CREATE ROLE owner LOGIN');
});

afterEach(async () => {
  for (const session of open) await session.close();
  open = [];
});

afterAll(async () => {
  await watcher.close();
  await cluster.remove();
});

async function app(name = 'app', user = 'postgres'): Promise<Session> {
  const session = await connect(cluster.target({ user }), 'workload', name);
  open.push(session);
  return session;
}

function run(...args: string[]) {
  const { host, port, user, database } = cluster.target();
  const server = { PGHOST: host, PGPORT: String(port), PGUSER: user, PGDATABASE: database };
  return pgdeckHere(args, cleanEnvironment(home, server));
}

const lines = (stdout: string) =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

test.each([
  [[], {}, /not said which session/],
  [['12x'], {}, /"12x" is no PID/],
  [['0'], {}, /"0" is no PID/],
  [['99999999999'], {}, /is no PID/],
  [['1', '2'], { backend_start: '5' }, /one PID/],
  [['1'], { backend_start: 'noon' }, /--backend-start: "noon" is no number/],
  [[], { backend_start: '5', root_blockers: true }, /one PID/],
  [[], { idle_longer_than: 'long' }, /"long" is no duration/],
  [[], { idle_longer_than: '0' }, /"0" is no duration/],
  [[], { idle_longer_than: '0s' }, /"0s" is no time that a session can be idle for/],
  [['1'], { root_blockers: true }, /exclude each other/],
  [[], { idle_longer_than: '1m', root_blockers: true }, /exclude each other/],
])('terminate %j %j is refused as bad usage', (pids, flags, message) => {
  expect(() => inputOf(terminate, { pid: pids, ...flags })).toThrow(UsageError);
  expect(() => inputOf(terminate, { pid: pids, ...flags })).toThrow(message);
});

test.each([
  [['terminate'], /not said which session/],
  [['cancel'], /cancel needs <pid>: pid of the session/],
  [['terminate', '1', '--read-only', '--yes'], /read-only mode/],
])('refused: %j', async (args, message) => {
  const { code, stdout, stderr } = await run(...args);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(message);
});

test('a server that is not there: exit 3', async () => {
  expect((await run('terminate', '1', '--yes', '-h', '127.0.0.1', '-p', '1')).code).toBe(3);
});

describe('by pid', () => {
  test('without --yes it says who would be hit, sends nothing and exits 2', async () => {
    const session = await app('evil\u001b[2Japp');
    await session.sql('SELECT 42 AS answer');
    const { code, stdout, stderr } = await run('terminate', String(session.pid));
    expect(code).toBe(2);
    const [subject, heading, row] = stdout.split('\n');
    expect(subject).toMatch(
      new RegExp(`^Terminate session ${session.pid} of postgres@postgres \\(evil.*app\\):$`),
    );
    expect(heading).toMatch(
      /^ *pid +user +database +application +client +state +for +blocks +longest +frees +query$/,
    );
    expect(row).toMatch(new RegExp(`^ *${session.pid} +postgres +postgres .* idle .*SELECT 42 AS answer$`));
    expect(stdout).not.toContain('\u001b');
    expect(stderr).toBe('pgdeck: Nothing was sent. Add --yes to terminate 1 session.\n');

    const json = await run('terminate', String(session.pid), '1', '--json');
    expect(json.code).toBe(2);
    expect(JSON.parse(json.stdout)).toEqual({
      would: [
        expect.objectContaining({
          pid: session.pid,
          usename: 'postgres',
          state: 'idle',
          blocks: [],
          frees: 0,
        }),
      ],
      refused: [{ pid: 1, why: 'already_gone', reason: 'Session 1 is already gone.', remedy: null }],
      frees: 0,
    });
    expect(await isThere(watcher, session.pid)).toBe(true);
  });

  test('terminate --yes ends exactly those named', async () => {
    const [a, b, other] = [await app(), await app(), await app()];
    const text = await run('terminate', String(a.pid), '--yes');
    expect(text).toEqual({
      code: 0,
      stdout: `Session ${a.pid} of postgres@postgres (app) is gone.\n`,
      stderr: '',
    });
    const json = await run('terminate', String(b.pid), '--yes', '--json');
    expect([json.code, json.stderr]).toEqual([0, '']);
    expect(lines(json.stdout)).toEqual([
      expect.objectContaining({ type: 'outcome', pid: b.pid, outcome: 'ended' }),
      {
        type: 'end',
        ok: true,
        status: 'done',
        run: expect.stringMatching(/^\d{8}T\d{6}-/),
        refused: 0,
        ended: 1,
      },
    ]);
    expect(await isThere(watcher, other.pid)).toBe(true);
  });

  test('--backend-start names one session: another one with that pid stays', async () => {
    const session = await app();
    const start = (await seen(watcher, session.pid)).backend_start_us ?? 0;
    const stale = await run('terminate', String(session.pid), '--backend-start', String(start + 1), '--yes');
    expect([stale.code, stale.stdout]).toEqual([1, '']);
    expect(stale.stderr).toContain(`Pid ${session.pid} is another session now`);
    expect(await isThere(watcher, session.pid)).toBe(true);
    const right = await run('terminate', String(session.pid), '--backend-start', String(start), '--yes');
    expect(right.code).toBe(0);
    expect(await isThere(watcher, session.pid)).toBe(false);
  });

  test('a pid that nobody has: already gone, exit 1; the others named are ended', async () => {
    const session = await app();
    const { code, stdout, stderr } = await run('terminate', '1', String(session.pid), '--yes');
    expect([code, stderr]).toEqual([1, 'pgdeck: Session 1 is already gone.\n']);
    expect(stdout).toMatch(/ is gone\.\n$/);
    const only = await run('terminate', '1');
    expect([only.code, only.stdout]).toEqual([1, 'Left alone: Session 1 is already gone.\n']);
  });

  test('cancel stops the statement and keeps the session', async () => {
    const session = await app();
    const { over } = await sleeping(watcher, session);
    const { code, stdout } = await run('cancel', String(session.pid), '--yes');
    expect([code, stdout]).toEqual([
      0,
      `The statement of session ${session.pid} of postgres@postgres (app) is cancelled.\n`,
    ]);
    expect((await over)?.code).toBe('57014');
    const idle = await run('cancel', String(session.pid), '--yes');
    expect(idle.code).toBe(1);
    expect(idle.stderr).toMatch(/runs no statement \(idle\)/);
  });

  test('a role without the right is told the grant', async () => {
    const session = await app('app', 'owner');
    const { code, stdout, stderr } = await run(
      'terminate',
      String(session.pid),
      '--yes',
      '-U',
      'plain',
      '--json',
    );
    expect([code, stderr]).toEqual([1, '']);
    expect(lines(stdout)).toMatchObject([
      {
        type: 'refused',
        pid: session.pid,
        why: 'not_permitted',
        remedy: expect.stringMatching(/GRANT pg_signal_backend/),
      },
      { type: 'end', ok: false, status: 'failed', refused: 1 },
    ]);
    expect(await isThere(watcher, session.pid)).toBe(true);
  });
});

test('--plan shows what would be sent, as of every operation, and sends nothing', async () => {
  const session = await app();
  const { code, stdout } = await run('terminate', String(session.pid), '1', '--plan');
  expect(code).toBe(0);
  expect(stdout).toContain(`1. session ${session.pid} of postgres@postgres (app)`);
  expect(stdout).toContain('pg_terminate_backend(t.pid)');
  expect(stdout).toContain('Left alone: Session 1 is already gone.');
  expect(await isThere(watcher, session.pid)).toBe(true);
  const json = await run('cancel', String(session.pid), '--plan', '--json');
  expect(JSON.parse(json.stdout)).toMatchObject({
    ...{ operation: 'cancel', danger: 'confirm', writes: true, input: { pid: [session.pid] } },
    checks: [{ status: 'block', detail: expect.stringContaining('runs no statement (idle)') }],
    steps: [],
  });
});

test('--plan where nobody can be hit says that it would not be done; in read-only mode it plans all the same', async () => {
  const gone = await run('terminate', '999999', '--plan');
  expect(gone.code).toBe(2);
  expect(gone.stdout).toContain('Left alone: Session 999999 is already gone.');
  expect(gone.stdout).not.toContain('rolled back');
  const session = await app();
  const planned = await run('terminate', String(session.pid), '--plan', '--read-only');
  expect([planned.code, planned.stderr]).toEqual([0, expect.stringContaining('read-only mode')]);
  expect(planned.stdout).toContain('pg_terminate_backend(t.pid)');
  const refused = await run('terminate', String(session.pid), '--yes', '--read-only');
  expect([refused.code, refused.stdout]).toEqual([2, '']);
  expect(await isThere(watcher, session.pid)).toBe(true);
});

test('a name that is not that of the plan sends nothing, and says which it is', async () => {
  const session = await app();
  const { code, stderr } = await run('terminate', String(session.pid), '--yes', '--confirm', 'postgres');
  expect(code).toBe(2);
  expect(stderr).toMatch(/^pgdeck: That is not the name: .+ Nothing was sent\.$/m);
  expect(await isThere(watcher, session.pid)).toBe(true);
});

test('^C sends nothing more, and tells what became of what was sent', async () => {
  const stuck = await app();
  process.kill(stuck.pid, 'SIGSTOP');
  try {
    const { host, port, user, database } = cluster.target();
    const server = { PGHOST: host, PGPORT: String(port), PGUSER: user, PGDATABASE: database };
    const child = spawn(process.execPath, [MAIN, 'terminate', String(stuck.pid), '--yes', '--json'], {
      env: cleanEnvironment(home, server),
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
    const runs = async () => JSON.parse((await run('runs', 'list', '--json')).stdout).runs;
    const running = async () => (await runs()).some(({ status }: { status: string }) => status === 'running');
    await until(running, { what: 'the signal is sent', timeout: 10_000 });
    child.kill('SIGINT');
    expect(await ended).toBe(1);
    expect(said).toMatch(/got the signal and is still there after/);
    expect(lines(said).at(-1)).toMatchObject({ type: 'end', ok: false, status: 'cancelled' });
    expect((await runs())[0]).toMatchObject({ operation: 'terminate', status: 'cancelled' });
  } finally {
    process.kill(stuck.pid, 'SIGCONT');
  }
});

test('--idle-longer-than ends those idle for long, none in a transaction', async () => {
  const [idle, inTransaction] = [await app(), await app()];
  await idle.sql('SELECT 1');
  await inTransaction.sql('BEGIN');
  for (const text of ['10', '-1m', 'long'])
    expect(await run('terminate', `--idle-longer-than=${text}`, '--yes')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('a number with its unit is needed'),
    });
  const none = await run('terminate', '--idle-longer-than', '1h', '--yes');
  expect([none.code, none.stdout]).toEqual([0, '']);
  expect(none.stderr).toMatch(/No session has been idle for over /);
  await until(async () => ((await seen(watcher, idle.pid)).state_seconds ?? 0) > 0.1, { what: 'idleness' });
  const { code, stdout } = await run('terminate', '--idle-longer-than', '100ms', '--yes');
  expect([code, stdout]).toEqual([0, `Session ${idle.pid} of postgres@postgres (app) is gone.\n`]);
  expect(await isThere(watcher, inTransaction.pid)).toBe(true);
});

test('--root-blockers ends who blocks, and those who waited go on', async () => {
  expect(await run('terminate', '--root-blockers')).toEqual({
    code: 0,
    stdout: '',
    stderr: 'pgdeck: No session blocks another one.\n',
  });
  const [holder, waiter] = [await app('holder'), await app('waiter')];
  await holder.sql('CREATE TABLE t (id int)');
  await holder.sql('BEGIN');
  await holder.sql('LOCK TABLE t');
  const { over } = await blocked(watcher, waiter, 'SELECT * FROM t');
  const preview = await run('terminate', '--root-blockers');
  expect(preview.code).toBe(2);
  expect(preview.stdout).toContain('That frees 1 session waiting for a lock.');
  const { code, stdout } = await run('terminate', '--root-blockers', '--yes');
  expect([code, stdout]).toEqual([
    0,
    `Session ${holder.pid} of postgres@postgres (holder) is gone.\n${holder.pid} ended: 1 released.\n`,
  ]);
  expect(await over).toBeUndefined();
  expect((await waitersOf(watcher)).size).toBe(0);
});
