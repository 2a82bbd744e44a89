import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { run as runProgram } from '../../../src/cli/program.ts';
import type { Session } from '../../../src/db/client.ts';
import { client, type TestDatabase, testDatabase, until } from '../../support/cluster.ts';
import { registerWork } from '../../support/fixtures/work.ts';
import { cleanEnvironment, type Outcome, temporaryDirectory } from '../../support/program.ts';
import { type Pty, spawn as spawnPty } from '../../support/terminal/pty.ts';

const PROGRAM = fileURLToPath(new URL('./program.ts', import.meta.url));

let db: TestDatabase;
let looking: Session;
const home = temporaryDirectory();

beforeAll(async () => {
  registerWork();
  db = await testDatabase();
  looking = await client(db.target(), 'looking');
});
afterAll(() => db.drop());

function environment(env: Record<string, string> = {}): Record<string, string> {
  const { host, port, user, database } = db.target();
  const server = { PGHOST: host, PGPORT: String(port), PGUSER: user, PGDATABASE: database };
  return cleanEnvironment(home, { XDG_STATE_HOME: join(home, 'state'), ...server, ...env });
}

/** Runs pgdeck with the operation for tests, without a terminal; in this process, which is faster. */
const run = (...args: string[]): Promise<Outcome> => runIn({}, ...args);

async function runIn(env: Record<string, string>, ...args: string[]): Promise<Outcome> {
  const said = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((to) =>
    vi.spyOn(process[to], 'write').mockImplementation((text) => {
      said[to] += text;
      return true;
    }),
  );
  try {
    return { code: await runProgram(args, environment(env)), ...said };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

const isTable = async (name: string): Promise<boolean> =>
  (await looking.sql('SELECT 1 FROM pg_tables WHERE tablename = $1', [name])).length > 0;

const lines = (text: string): Record<string, unknown>[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

describe('what it takes', () => {
  test('arguments and flags are those of its fields, with their hints and defaults', async () => {
    const { code, stdout } = await run('work', '--help');
    expect(code).toBe(0);
    expect(stdout).toContain('Usage: pgdeck work [options] <name>');
    expect(stdout).toMatch(/--rows <n> +how many rows \(default: 3\)/);
    expect(stdout).toMatch(/--kind <kind> .*\(choices: "plain", "fancy"\)/s);
    expect(stdout).toMatch(/--say <text> +a line to say; may be repeated/);
    expect(stdout).toMatch(/--no-notes +no notes/);
    for (const flag of ['--plan', '--json', '--yes', '--confirm <name>']) expect(stdout).toContain(flag);
  });

  test('the program lists it with one line; two words make a group', async () => {
    expect((await run('--help')).stdout).toMatch(/work +make a table, for tests/);
    const { stdout } = await run('backups', '--help');
    expect(stdout).toMatch(/work +make a table.*list .*show /s);
  });

  test.each([
    [['work'], /missing required argument 'name'/],
    [['work', 'x', '--rows', '-1'], /--rows: expected 0 or more\./],
    [['work', 'x', '--rows', 'many'], /--rows: expected a whole number\./],
    [['work', 'x', '--kind', 'odd'], /Allowed choices are plain, fancy/],
    [['work', 'x', '--glitter', '3'], /--glitter has no meaning with what else was given/],
    [['work', 'x', '--bogus'], /unknown option '--bogus'/],
    [['work', 'x', 'y'], /too many arguments/],
    [['undo', '20260101T000000-aaaaaa'], /There is no run/],
  ])('%j is bad usage: exit 2, a sentence, nothing on stdout', async (args, message) => {
    const { code, stdout, stderr } = await run(...args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(message);
  });
});

describe('--plan', () => {
  test('prints facts, checks and steps with the exact SQL, and does nothing', async () => {
    const { code, stdout, stderr } = await run('work', 'c_plan', '--plan');
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^Work on c_plan\non postgres@/);
    expect(stdout).toContain('ok  Room: enough');
    expect(stdout).toContain('1. Create c_plan  (no lock)\n     CREATE TABLE public."c_plan" (n int)');
    expect(stdout).toContain('There will be a table c_plan.');
    expect(stdout).toContain('pgdeck undo RUN');
    expect(await isTable('c_plan')).toBe(false);
  });

  test('as one object', async () => {
    const { code, stdout } = await run('backups', 'work', 'c_plan', '--plan', '--json');
    expect(code).toBe(0);
    expect(lines(stdout)).toMatchObject([
      {
        operation: 'work',
        subject: 'c_plan',
        danger: 'confirm',
        blocked: false,
        checks: [{ title: 'Room', status: 'ok' }],
        steps: [
          { id: 'create', effect: 'no lock', always: false },
          { id: 'fill', effect: null },
        ],
        undo: 'pgdeck undo RUN',
      },
    ]);
  });

  test('a blocked check: exit 2', async () => {
    const { code, stdout, stderr } = await run('work', 'x', '--block', '--plan');
    expect(code).toBe(2);
    expect(stdout).toContain('BLOCK  Moon: It is not full. Wait for it.');
    expect(stderr).toContain('A check blocks it');
    expect((await run('work', 'x', '--block', '--plan', '--json')).code).toBe(2);
  });

  test('in read-only mode it is shown, with what stands in the way', async () => {
    const { code, stdout, stderr } = await run('work', 'x', '--plan', '--read-only');
    expect([code, stdout]).toEqual([0, expect.stringContaining('Work on x')]);
    expect(stderr).toContain('This is read-only mode');
  });
});

describe('confirmation', () => {
  test('without one and without a terminal nothing is done, and stderr says what would be', async () => {
    const { code, stdout, stderr } = await run('work', 'c_ask');
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain('CREATE TABLE public."c_ask"');
    expect(stderr).toMatch(/Nothing was done\. Add --yes to do it\.\n$/);
    expect(await isTable('c_ask')).toBe(false);
  });

  test('where data can be lost only the name will do', async () => {
    const danger = ['--danger', 'type-name'];
    const missing = await run('work', 'c_name', ...danger, '--yes');
    expect([missing.code, missing.stderr]).toEqual([2, expect.stringContaining('Add --confirm c_name')]);
    const wrong = await run('work', 'c_name', ...danger, '--confirm', 'C_NAME', '--json');
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('That is not the name: c_name.')]);
    expect(lines(wrong.stdout)).toMatchObject([{ type: 'end', ok: false, status: 'refused', run: null }]);
    expect(await isTable('c_name')).toBe(false);
    expect((await run('work', 'c_name', ...danger, '--confirm', 'c_name')).code).toBe(0);
    expect(await isTable('c_name')).toBe(true);
  });

  test.each([
    [['--block', '--yes'], /Moon: It is not full/],
    [['--yes', '--read-only'], /read-only mode/],
  ])('%j is refused, whoever confirms', async (args, message) => {
    const { code, stdout, stderr } = await run('work', 'c_refused', ...args, '--json');
    expect([code, stderr]).toEqual([2, expect.stringMatching(message)]);
    expect(lines(stdout)).toMatchObject([{ type: 'end', ok: false, status: 'refused', run: null }]);
    expect(await isTable('c_refused')).toBe(false);
  });
});

describe('a run', () => {
  test('results and the way back on stdout, the rest on stderr; then undo', async () => {
    const { code, stdout, stderr } = await run(
      'work',
      'c_run',
      '--yes',
      '--say',
      'one',
      '--say',
      '\u001b[31mred',
    );
    expect(code).toBe(0);
    const { host, port, user, database } = db.target();
    const words = `-h ${host} -p ${port} -U ${user} -d ${database}`;
    const [, command, id] =
      /^Tables:\ntable +rows\nc_run +3\nTo undo it: (pgdeck -.* undo (\S+))\n$/.exec(stdout) ?? [];
    expect(command).toBe(`pgdeck ${words} undo ${id}`);
    expect(stderr).toMatch(
      /\[1\/2\] Create c_run\n\[2\/2\] Fill it\n +one\n +red\n +filling\nWork on c_run: done\./,
    );
    expect(stderr).not.toContain('\u001b');
    const shown = (await run('runs', 'show', String(id))).stdout;
    expect(shown).toMatch(
      /1\. Create c_run: done.*CREATE TABLE.*2\. Fill it: done.*\| filling.*Tables:.*To undo it/s,
    );
    expect(shown).toContain(`To undo it: ${command}\n`);
    // as it is pasted, where nothing else says which server is meant
    const undone = await runIn(
      { PGDATABASE: 'nowhere', PGPORT: '1' },
      ...words.split(' '),
      'undo',
      String(id),
      '--yes',
    );
    expect([undone.code, undone.stdout]).toEqual([0, '']);
    expect(await isTable('c_run')).toBe(false);
    expect((await run('runs', 'show', String(id))).stdout).toContain('It was taken back by');
    expect((await run('undo', String(id), '--yes')).code).toBe(2);
  });

  test('--json: what happens as it happens, the end last', async () => {
    const { code, stdout, stderr } = await run('work', 'c_json', '--yes', '--json', '--no-notes');
    expect([code, stderr]).toEqual([0, '']);
    const events = lines(stdout);
    expect(events.map((event) => event.type)).toEqual([
      ...['begin', 'start', 'finish', 'start', 'progress', 'progress', 'progress', 'result', 'finish', 'end'],
    ]);
    expect(events.at(-1)).toMatchObject({ ok: true, status: 'done', run: expect.stringMatching(/^\d{8}T/) });
    expect(events.at(-1)?.undo).toMatch(/^pgdeck -h \S+ -p \d+ -U postgres -d \S+ undo /);
    expect(events.at(-1)?.undo).toMatch(new RegExp(`${events.at(-1)?.run}$`));
  });

  test('is taken back by another name of the same server, but not on another server at its address', async () => {
    const { stdout } = await run('work', 'c_named', '--yes', '--json');
    const id = String(lines(stdout).at(-1)?.run);
    const file = join(home, 'state', 'pgdeck', 'runs', id, 'plan.json');
    const plan = JSON.parse(readFileSync(file, 'utf8'));
    writeFileSync(file, JSON.stringify({ ...plan, system_identifier: '1' }));
    const refused = await run('undo', id, '--yes');
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('another system identifier')]);
    const [row] = await looking.sql('SELECT system_identifier::text AS id FROM pg_control_system()');
    const server = String(plan.server).replace(/@[^:]*:/, '@db.example:');
    writeFileSync(file, JSON.stringify({ ...plan, server, system_identifier: row?.id }));
    expect((await run('undo', id, '--yes')).code).toBe(0);
    expect(await isTable('c_named')).toBe(false);
  });

  test('done, but what comes after failed: exit 1, and it can be undone', async () => {
    const { code, stdout, stderr } = await run('work', 'c_late', '--yes', '--late');
    expect([code, stdout]).toEqual([1, expect.stringMatching(/To undo it: pgdeck .* undo /)]);
    expect(stderr).toMatch(
      /pgdeck: Work on c_late: done\.\npgdeck: But this failed: Start the service: false failed/,
    );
    expect(await isTable('c_late')).toBe(true);
    const [, id = ''] = /undo (\S+)\n$/.exec(stdout) ?? [];
    expect((await run('runs', 'show', id)).stdout).toContain('But this failed: Start the service');
    expect((await run('undo', id, '--yes')).code).toBe(0);
  });

  test('a failure: exit 1, the sentence on stderr, and what was done is taken back', async () => {
    const { code, stdout, stderr } = await run('work', 'c_fail', '--yes', '--fail');
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain('pgdeck: Fill it: The dog ate it. Feed the dog.');
    expect(stderr).toContain('Taken back: Create c_fail');
    expect(await isTable('c_fail')).toBe(false);
    const json = await run('work', 'c_fail', '--yes', '--fail', '--json');
    expect([json.code, lines(json.stdout).at(-1)]).toEqual([
      1,
      expect.objectContaining({ type: 'end', ok: false, status: 'failed' }),
    ]);
  });

  test('a reader that has enough does not stop what was begun', async () => {
    const child = spawn(
      'sh',
      ['-c', '"$0" "$@" | true', process.execPath, PROGRAM, 'work', 'c_pipe', '--yes', '--json'],
      {
        env: environment(),
        stdio: 'ignore',
      },
    );
    await new Promise((resolve) => child.on('close', resolve));
    const { runs } = JSON.parse((await run('runs', 'list', '--json')).stdout);
    expect(runs[0]).toMatchObject({ subject: 'Work on c_pipe', status: 'done' });
  });

  test('a server that is not there: exit 3', async () => {
    const { code, stdout, stderr } = await run('work', 'x', '--yes', '--json', '-h', '/nowhere');
    expect([code, stderr]).toEqual([3, expect.stringContaining('There is no socket')]);
    expect(lines(stdout)).toMatchObject([{ type: 'end', ok: false, run: null }]);
  });
});

describe('signals', () => {
  const sleeping = async (): Promise<boolean> =>
    (
      await looking.sql(
        `SELECT 1 FROM pg_stat_activity WHERE query LIKE '%pg_sleep(500)' AND datname = $1 AND state = 'active'`,
        [db.database],
      )
    ).length > 0;

  function begin(name: string, ...flags: string[]) {
    const child = spawn(process.execPath, [PROGRAM, 'work', name, '--yes', ...flags], {
      env: environment(),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const said = { stdout: '', stderr: '' };
    for (const from of ['stdout', 'stderr'] as const)
      child[from].setEncoding('utf8').on('data', (text: string) => {
        said[from] += text;
      });
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
    return { child, said, ended };
  }

  async function interrupted(name: string, signal: NodeJS.Signals): Promise<Outcome> {
    const { child, said, ended } = begin(name, '--sleep', '500');
    await until(sleeping, { what: 'the step runs', timeout: 20_000 });
    child.kill(signal);
    const code = await ended;
    await until(async () => !(await sleeping()), { what: 'its backend is gone' });
    return { code, ...said };
  }

  test('a second ^C ends it at once, and recover does the rest', async () => {
    const { child, said, ended } = begin('c_twice', '--fail', '--stuck');
    await until(sleeping, { what: 'the rollback hangs', timeout: 20_000 });
    child.kill('SIGINT');
    await until(() => said.stderr.includes('^C again within 3 s'), { what: 'the first is heard' });
    child.kill('SIGINT');
    expect(await ended).toBe(1);
    expect(said.stderr).toContain('Ended at once. What was left is found by: pgdeck recover');
    expect(await isTable('c_twice')).toBe(true);
    const { runs } = JSON.parse((await run('runs', 'list', '--json')).stdout);
    expect(runs[0]).toMatchObject({ status: 'interrupted' });
    const recovered = await run('recover', runs[0].id, '--yes');
    expect([recovered.code, recovered.stderr]).toEqual([0, expect.stringContaining('End the session')]);
    expect(await isTable('c_twice')).toBe(false);
    expect(await sleeping()).toBe(false);
    expect((await run('runs', 'show', runs[0].id)).stdout).toContain('It was cleaned up by');
  });

  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    '%s takes back what was done and says so',
    async (signal) => {
      const { code, stdout, stderr } = await interrupted(`c_${signal.toLowerCase()}`, signal);
      expect([code, stdout]).toEqual([1, '']);
      expect(stderr).toContain(`Stopping. This is taken back: Create c_${signal.toLowerCase()}.`);
      expect(stderr).toContain('Taken back: Create');
      expect(await isTable(`c_${signal.toLowerCase()}`)).toBe(false);
      const { runs } = JSON.parse((await run('runs', 'list', '--json')).stdout);
      expect(runs[0]).toMatchObject({ status: 'cancelled', undo: null });
    },
  );
});

describe('at a terminal', () => {
  let pty: Pty | undefined;
  const at = (...args: string[]): Pty => {
    pty = spawnPty(process.execPath, [PROGRAM, ...args], { cols: 100, rows: 40, env: environment() });
    return pty;
  };

  test('it asks, and No is the default', async () => {
    const no = at('work', 'c_no');
    await no.waitFor('Go on? (y/N)');
    expect(no.text()).toContain('CREATE TABLE public."c_no"');
    no.press('enter');
    expect((await no.exit).code).toBe(2);
    expect(await isTable('c_no')).toBe(false);
    const yes = at('work', 'c_yes');
    await yes.waitFor('Go on? (y/N)');
    yes.press('y', 'enter');
    expect((await yes.exit).code).toBe(0);
    expect(yes.text()).toMatch(/To undo it: pgdeck -h .* undo/);
  });

  test('it wants the name typed; ^C is No', async () => {
    const args = ['work', 'c_typed', '--danger', 'type-name'];
    const left = at(...args);
    await left.waitFor('Type c_typed to go on:');
    left.press('^C');
    expect((await left.exit).code).toBe(2);
    const typed = at(...args);
    await typed.waitFor('Type c_typed to go on:');
    typed.type('c_typed');
    typed.press('enter');
    expect((await typed.exit).code).toBe(0);
  });

  test('progress is one line; ^C stops with care', async () => {
    const once = at('work', 'c_once', '--yes', '--sleep', '500');
    await once.waitFor(/rows \d+% \(\d of 3\)/);
    once.press('^C');
    await once.waitFor('Stopping. This is taken back: Create c_once.');
    expect((await once.exit).code).toBe(1);
    expect(await isTable('c_once')).toBe(false);
  });
});
