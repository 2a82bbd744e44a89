import { spawn } from 'node:child_process';
import { describe, expect, onTestFinished, test } from 'vitest';
import { db, environment, isTable, looking, PROGRAM, run } from '../../../cli/operation/stage.ts';
import { until } from '../../../support/cluster.ts';
import type { Outcome } from '../../../support/program.ts';
import { type Pty, spawn as spawnPty } from '../../../support/terminal/pty.ts';

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
    // else the server would end it before recover does
    const alter = `ALTER DATABASE "${db.database}"`;
    const setting = 'client_connection_check_interval';
    if (looking.server.major >= 14) await looking.sql(`${alter} SET ${setting} = '1h'`);
    onTestFinished(async () => {
      if (looking.server.major >= 14) await looking.sql(`${alter} RESET ${setting}`);
    });
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
    '%s rolls back what was done and says so',
    async (signal) => {
      const { code, stdout, stderr } = await interrupted(`c_${signal.toLowerCase()}`, signal);
      expect([code, stdout]).toEqual([1, '']);
      expect(stderr).toContain(`Stopping. Will be rolled back: Create c_${signal.toLowerCase()}.`);
      expect(stderr).toContain('Rolled back: Create');
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
    await no.waitFor('Run it? (y/N)');
    expect(no.text()).toContain('CREATE TABLE public."c_no"');
    no.press('enter');
    expect((await no.exit).code).toBe(2);
    expect(await isTable('c_no')).toBe(false);
    const yes = at('work', 'c_yes');
    await yes.waitFor('Run it? (y/N)');
    yes.press('y', 'enter');
    expect((await yes.exit).code).toBe(0);
    expect(yes.text()).toMatch(/To undo it: pgdeck -h .* undo/);
  });

  test('it wants the name typed; ^C is No', async () => {
    const args = ['work', 'c_typed', '--danger', 'type-name'];
    const left = at(...args);
    await left.waitFor('Type the name, c_typed, to confirm:');
    left.press('^C');
    expect((await left.exit).code).toBe(2);
    const typed = at(...args);
    await typed.waitFor('Type the name, c_typed, to confirm:');
    typed.type('c_typed');
    typed.press('enter');
    expect((await typed.exit).code).toBe(0);
  });

  test('progress is one line; ^C stops with care', async () => {
    const once = at('work', 'c_once', '--yes', '--sleep', '500');
    await once.waitFor(/rows \d+% \(\d of 3\)/);
    once.press('^C');
    await once.waitFor('Stopping. Will be rolled back: Create c_once.');
    expect((await once.exit).code).toBe(1);
    expect(await isTable('c_once')).toBe(false);
  });
});
