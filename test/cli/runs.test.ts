import { chmodSync, cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { tableText } from '../../src/cli/output/table.ts';
import { RUN_COLUMNS } from '../../src/cli/runs.ts';
import { Journal } from '../../src/ops/engine/journal/journal.ts';
import { client, type TestDatabase, testDatabase } from '../support/cluster.ts';
import { cleanEnvironment, MAIN, pgdeckHere, temporaryDirectory } from '../support/program.ts';
import { spawn } from '../support/terminal/pty.ts';

let db: TestDatabase;
const home = temporaryDirectory();
const state = join(home, 'state');

beforeAll(async () => {
  db = await testDatabase();
});

afterAll(() => db.drop());

function run(env: Record<string, string>, ...args: string[]) {
  const { host, port, user, database } = db.target();
  const server = { PGHOST: host, PGPORT: String(port), PGUSER: user, PGDATABASE: database };
  return pgdeckHere(args, cleanEnvironment(home, { XDG_STATE_HOME: state, ...server, ...env }));
}

test('nothing done yet', async () => {
  expect(await run({}, 'runs', 'list', '--json')).toEqual({ code: 0, stdout: '{"runs":[]}\n', stderr: '' });
  expect((await run({}, 'runs')).stderr).toBe('Nothing has been done yet.\n');
  const missing = await run({}, 'runs', 'show', '20260101T000000-aaaaaa');
  expect([missing.code, missing.stderr]).toEqual([2, expect.stringContaining('There is no run')]);
});

test('on 80 columns each run is named whole, as runs show wants it', () => {
  const run = {
    ...{ id: '20260101T000000-aaaaaa', status: 'failed', undone_by: '20260101T000001-bbbbbb' },
    ...{ operation: 'backups verify', subject: 'a_database_with_a_long_name_20260102_030405' },
    server: 'postgres@db.example.com:5432/a_database_with_a_long_name',
  };
  const lines = tableText([run], RUN_COLUMNS, 80);
  expect(lines[1]).toMatch(/^20260101T000000-aaaaaa {2}failed, undone /);
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
  expect(tableText([run], RUN_COLUMNS)[1]).toContain(run.server);
});

test('a terminated session is in the journal: who, on which server, what was sent, what became of it', async () => {
  const victim = await client(db.target(), 'forgotten');
  expect((await run({}, 'terminate', String(victim.pid), '--yes')).code).toBe(0);
  const { runs } = JSON.parse((await run({}, 'runs', 'list', '--json')).stdout);
  expect(runs).toEqual([
    expect.objectContaining({
      operation: 'terminate',
      status: 'done',
      subject: expect.stringContaining(String(victim.pid)),
      server: expect.stringContaining(`/${db.database}`),
      started_at: expect.stringMatching(/Z$/),
      ended_at: expect.stringMatching(/Z$/),
      undo: null,
    }),
  ]);
  const shown = await run({}, 'runs', 'show', runs[0].id);
  expect(shown.stdout).toContain('pg_terminate_backend');
  expect(shown.stdout).toContain('is gone');
  expect(shown.stdout).toContain('cannot be undone');
  expect(shown.stdout).toContain('forgotten');
});

test('in 80 columns a run is named whole: what undo and show take', async () => {
  const { runs } = JSON.parse((await run({}, 'runs', 'list', '--json')).stdout);
  const { HOME, PATH } = cleanEnvironment(home);
  const pty = spawn(process.execPath, [MAIN, 'runs', 'list'], {
    ...{ cols: 80, rows: 24 },
    env: { HOME: HOME ?? '', PATH: PATH ?? '', TERM: 'xterm', LC_ALL: 'C.UTF-8', XDG_STATE_HOME: state },
  });
  await pty.waitFor(`${runs[0].id}  done`);
  await pty.exit;
});

test('a preview leaves no record', async () => {
  const before = (await run({}, 'runs', 'list', '--json')).stdout;
  const alive = await client(db.target(), 'alive');
  expect((await run({}, 'terminate', String(alive.pid))).code).toBe(2);
  expect((await run({}, 'runs', 'list', '--json')).stdout).toBe(before);
});

test('a journal that cannot be written does not keep a blocker alive, and is said', async () => {
  const victim = await client(db.target(), 'blocker');
  const blocked = join(home, 'blocked');
  mkdirSync(blocked);
  writeFileSync(join(blocked, 'pgdeck'), 'a file in the way');
  chmodSync(blocked, 0o500);
  const { code, stderr } = await run({ XDG_STATE_HOME: blocked }, 'terminate', String(victim.pid), '--yes');
  expect([code, stderr]).toEqual([0, expect.stringContaining('No record of this is kept')]);
});

test('a step that was not begun and says why is shown with it', async () => {
  const other = join(home, 'other');
  const journal = Journal.begin(join(other, 'pgdeck', 'runs'), {
    ...{ operation: 'terminate', subject: 'Terminate 2 sessions', server: 'dba@db:5432/shop' },
    steps: [
      { title: 'session 1', preview: '' },
      { title: 'session 2', preview: '' },
    ],
  });
  journal.finishStep(1, false, 'Session 2 got no signal.', { kind: 'not_sent', facts: {} });
  journal.end('cancelled');
  const { stdout } = await run({ XDG_STATE_HOME: other }, 'runs', 'show', journal.id);
  expect(stdout).toContain('1. session 1: not begun\n');
  expect(stdout).toContain('2. session 2: Session 2 got no signal.\n');
});

test('the records of signals of the version before are shown as they were', async () => {
  const old = join(home, 'old');
  cpSync(new URL('../support/fixtures/signals-journal', import.meta.url), join(old, 'pgdeck', 'runs'), {
    recursive: true,
  });
  const { runs } = JSON.parse((await run({ XDG_STATE_HOME: old }, 'runs', 'list', '--json')).stdout);
  expect(
    runs.map(({ operation, status, subject }: Record<string, string>) => [operation, status, subject]),
  ).toEqual([
    ['terminate', 'failed', 'Terminate session 7905 of postgres@postgres (busy)'],
    ['cancel', 'done', 'Cancel the statement of session 7905 of postgres@postgres (busy)'],
    ['terminate', 'done', 'Terminate 2 sessions'],
  ]);
  const shown = await run({ XDG_STATE_HOME: old }, 'runs', 'show', runs[2].id);
  expect(shown.stdout).toMatch(/^1\. session 7902 .*: Session 7902 .* is gone\. \(/m);
  expect(shown.stdout).toContain('pg_terminate_backend');
  expect(shown.stdout).toContain('\n1 session released.\n');
  const failed = await run({ XDG_STATE_HOME: old }, 'runs', 'show', runs[0].id);
  expect(failed.stdout).toContain('got the signal and is still there after 5.1s');
});
