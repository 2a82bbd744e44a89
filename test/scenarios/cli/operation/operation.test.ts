import { describe, expect, test } from 'vitest';
import { isTable, lines, run } from '../../../cli/operation/stage.ts';

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
    [['work'], /work needs <name>: .+\. pgdeck work --help tells more\.$/m],
    [['work', 'x', '--rows', '-1'], /^pgdeck: --rows must be 0 or more\. See: /m],
    [['work', 'x', '--rows', ''], /--rows: nothing was given\. Leave it out, or see: pgdeck work --help$/m],
    [['work', 'x', '--say', 'a', '--say='], /--say: nothing was given\./],
    [['work', 'x', '--rows', 'many'], /--rows must be a whole number\./],
    [
      ['work', 'x', '--kind', 'odd'],
      /"odd" will not do for --kind <kind>\. Allowed choices are plain, fancy\.$/m,
    ],
    [['work', 'x', '--glitter', '3'], /--glitter has no meaning with what else was given/],
    [['work', 'x', '--bogus'], /work has no option --bogus\. pgdeck work --help lists them\.$/m],
    [
      ['work', 'x', 'y'],
      /work takes one argument, and "y" is one too many\. pgdeck work --help tells more\.$/m,
    ],
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
    expect(lines(wrong.stdout)).toMatchObject([
      { type: 'end', ok: false, status: 'refused', run: null, state: 'Nothing was changed.' },
    ]);
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
    expect(lines(stdout)).toMatchObject([
      { type: 'end', ok: false, status: 'refused', run: null, state: 'Nothing was changed.' },
    ]);
    expect(await isTable('c_refused')).toBe(false);
  });
});
