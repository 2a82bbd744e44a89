import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { leftBehind, listRuns } from '../../../../../src/ops/engine/journal/runs.ts';
import { carryOut, contextOf, planOf, step } from '../../../../ops/engine/run/stage.ts';
import { type TestDatabase, testDatabase } from '../../../../support/cluster.ts';
import { temporaryDirectory } from '../../../../support/program.ts';

const SECRET = 'pl4nt3d-s3cret';

let db: TestDatabase;
const home = temporaryDirectory();

beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.drop());

test('a password is in no line, error, result, preview or journal', async () => {
  const here = contextOf({ ...db.target(), password: async () => SECRET }, home);
  // as whoever connects does
  await here.target.password();
  const url = `postgres://app:${SECRET}@localhost/shop`;
  const { events, end, run } = await carryOut(
    planOf([
      step(
        'one',
        async (io) => {
          io.line(`connecting to ${url}`, 'stderr');
          io.line('password=other-s3cret host=x');
          io.result({ title: 'Result', columns: ['url'], rows: [[url]] });
          await io.exec('sh', ['-c', `echo "said ${SECRET}"; echo "FATAL: ${SECRET}" >&2; exit 1`]);
        },
        { preview: `psql ${url}`, rollback: () => Promise.reject(new Error(`lost ${url}`)) },
      ),
    ]),
    here,
  );
  await here.close();
  expect(end.status).toBe('failed');
  expect(end.text).toContain('FATAL: ***');
  const folder = join(here.journal, end.run);
  const written = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
  expect(written.join()).toContain('connecting to');
  for (const text of [JSON.stringify(events), JSON.stringify(run), ...written]) {
    expect(text).not.toContain(SECRET);
    expect(text).not.toContain('other-s3cret');
  }
});

test('a journal that cannot be written refuses the run before anything is done', async () => {
  const state = join(home, 'blocked');
  writeFileSync(state, 'a file in the way');
  const here = contextOf(db.target(), home, { env: { XDG_STATE_HOME: state } });
  const seen: string[] = [];
  const { end } = await carryOut(planOf([step('one', async () => void seen.push('one'))]), here);
  await here.close();
  expect([end.status, seen]).toEqual(['refused', []]);
  expect(end.text).toMatch(/The journal in .* cannot be written \(ENOTDIR\).* XDG_STATE_HOME/);
});

/** Runs the plan of `script` in a process of its own: `plan(step, seen)` with these steps. */
function apart(
  steps: string,
  { env = {}, shell = '' }: { env?: Record<string, string>; shell?: string } = {},
) {
  const module = (path: string) => JSON.stringify(fileURLToPath(new URL(path, import.meta.url)));
  const script = `
    import { appendFileSync } from 'node:fs';
    import { carryOut, contextOf, planOf, step } from ${module('../../../../ops/engine/run/stage.ts')};
    const seen = (text) => appendFileSync(process.env.SEEN, text + ' ');
    const target = { host: '/nowhere', port: 1, user: 'u', database: 'd', sslmode: 'disable', connectTimeout: 1,
      readOnly: false, password: async () => undefined };
    const context = contextOf(target, process.env.HOME, { env: process.env });
    const { end } = await carryOut(planOf(${steps}), context);
    console.log(JSON.stringify(end));`;
  const file = join(home, `seen-${Math.random()}`);
  const child = spawnSync(
    'bash',
    ['-c', `${shell} exec "$0" --input-type=module -e "$1"`, process.execPath, script],
    { encoding: 'utf8', env: { PATH: process.env.PATH ?? '', HOME: home, SEEN: file, ...env } },
  );
  const seen = existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
  return { seen, signal: child.signal, end: JSON.parse(child.stdout || 'null'), stderr: child.stderr };
}

const TWO_STEPS = `[
  step('one', async (io) => { io.record({ made: 'thing' }); seen('one'); }, { rollback: async () => seen('-one') }),
  step('two', async (io) => { seen('two'); io.crashPoint('inside'); seen('after'); })]`;

test.each([
  ['one', 'begun, nothing done', '', {}],
  ['one:end', 'after the first', 'one', { made: 'thing' }],
  ['two', 'before the second', 'one', { made: 'thing' }],
  ['inside', 'within the second', 'one two', { made: 'thing' }],
  ['two:end', 'after the last', 'one two after', { made: 'thing' }],
])('a crash at %s (%s) leaves an interrupted run with what it had done', (at, _what, done, facts) => {
  const state = join(home, `crash-${at.replace(':', '-')}`);
  const { seen, signal, end } = apart(TWO_STEPS, { env: { PGDECK_CRASH_AT: at, XDG_STATE_HOME: state } });
  expect([seen, signal, end]).toEqual([done, 'SIGKILL', null]);
  const [run] = listRuns(join(state, 'pgdeck', 'runs'));
  expect(run).toMatchObject({ status: 'interrupted', facts, undo: null, ended_at: null });
  expect(run && leftBehind(run)).toBe(true);
});

test('a disk that is full: lost lines stop nothing, a step that is not in the journal is not begun', () => {
  const state = join(home, 'full');
  mkdirSync(state);
  const { seen, end, stderr } = apart(
    `[
      step('one', async (io) => { for (let i = 0; i < 500; i++) io.line('x'.repeat(100)); seen('one'); },
        { rollback: async () => seen('-one') }),
      step('two', async () => seen('two'))]`,
    // no file may become larger than 20 kB
    { env: { XDG_STATE_HOME: state }, shell: 'ulimit -f 20;' },
  );
  expect(stderr).toBe('');
  expect(seen).toBe('one -one');
  expect(end).toMatchObject({
    ok: false,
    status: 'failed',
    text: expect.stringContaining('cannot be written (EFBIG)'),
  });
});
