import { execFileSync } from 'node:child_process';
import { chmodSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, inject, test } from 'vitest';
import { temporaryDirectory } from '../support/program.ts';
import type { Pty } from '../support/terminal/pty.ts';
import { until } from '../support/until.ts';
import { expectRestored, run } from './console.ts';

const home = temporaryDirectory();
// as root the server runs as another user, who has to reach its files
beforeAll(() => chmodSync(home, 0o755));

const processes = () => execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' });

/** Starts the demo in a directory of its own. */
function startDemo(env: Record<string, string> = {}): Pty {
  const path = `${inject('postgres').bin}:${process.env.PATH}`;
  return run(['demo'], { cols: 100, rows: 30, env: { TMPDIR: home, PATH: path, ...env } });
}

/** Analyzes a table, and looks at where a backup would go: both beside the server. */
async function useIt(pty: Pty, directory: string): Promise<void> {
  pty.press('b');
  await pty.waitFor(`${directory}/backups (default)`);
  pty.press('esc');
  await pty.waitFor(': palette');
  pty.press(':');
  pty.type('Analyze tables');
  await pty.waitFor(/▶.*Analyze tables/);
  pty.press('enter');
  await pty.waitFor('Enter plan');
  pty.type('public.customers');
  pty.press('enter', 'enter');
  await pty.waitFor('Enter confirm', { timeout: 10_000 });
  pty.press('enter', 'y');
  await pty.waitFor(/DONE {2,}/, { timeout: 10_000 });
  expect(readdirSync(join(home, directory, 'state/pgdeck/runs'))).toHaveLength(1);
}

test.each([
  ['q', (pty: Pty) => pty.press('q', 'q'), useIt, { code: 0, signal: 0 }],
  ['SIGTERM', (pty: Pty) => pty.kill('SIGTERM'), async () => {}, { code: 143, signal: 0 }],
] as const)(
  '%s ends the demo: the terminal is as before, server and files are gone, and the user has none of them',
  async (_, leave, use, exit) => {
    const user = temporaryDirectory();
    const pty = startDemo({ HOME: user, BACKUP_DIR: join(user, 'backups') });
    const before = pty.modes();
    await pty.waitFor(/conns !*\d+\/60/, { what: 'the first live frame', timeout: 25_000 });
    expect(pty.screen()[0]).toContain('dba@127.0.0.1');
    const [directory = '', ...others] = readdirSync(home);
    expect(others).toEqual([]);
    expect(processes()).toContain(home);
    await use(pty, directory);
    leave(pty);
    expect(await pty.exit).toEqual(exit);
    expect(readdirSync(home)).toEqual([]);
    expect(readdirSync(user)).toEqual([]);
    expect(processes()).not.toContain(home);
    expectRestored(pty, before);
  },
);

test.each([
  ['^C while it loads', (pty: Pty) => pty.press('^C'), 2],
  ['kill -9', (pty: Pty) => pty.kill('SIGKILL'), 9],
] as const)('%s ends the demo: its watchdog removes server and files', async (_, end, signal) => {
  const pty = startDemo();
  await pty.waitFor(/runs on 127\.0\.0\.1:\d+/);
  expect(processes()).toContain(home);
  end(pty);
  expect(await pty.exit).toMatchObject({ signal });
  await until(() => readdirSync(home).length === 0, { what: 'the end of the directory', timeout: 10_000 });
  await until(() => !processes().includes(home), { what: 'the end of the processes' });
});
