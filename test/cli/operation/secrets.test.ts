import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { connect } from '../../../src/db/client.ts';
import type { Cluster } from '../../../src/hosts/cluster/cluster.ts';
import { throwawayCluster } from '../../support/cluster.ts';
import { cleanEnvironment, MAIN, pgdeck, temporaryDirectory } from '../../support/program.ts';
import { Pty } from '../../support/terminal/pty.ts';

const PASSWORD = 'Gehe1m-typed-77';
const home = temporaryDirectory();
let cluster: Cluster;
beforeAll(async () => {
  cluster = await throwawayCluster({ log_statement: 'all', log_min_duration_statement: '0' });
});
afterAll(() => cluster.remove());
const sql = async (text: string) => {
  const session = await connect(cluster.target(), 'workload', 'test');
  try {
    return await session.sql(text);
  } finally {
    await session.close();
  }
};
afterEach(() => sql('DROP ROLE IF EXISTS typed'));

function words(...args: string[]): string[] {
  const { host, port, user } = cluster.target();
  return ['-h', host, '-p', String(port), '-U', user, '-d', 'postgres', ...args];
}
const there = async () => (await sql("SELECT rolpassword AS p FROM pg_authid WHERE rolname = 'typed'"))[0]?.p;

/** All that the journal keeps. */
function journal(): string {
  const runs = join(home, '.local', 'state', 'pgdeck', 'runs');
  return readdirSync(runs, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
    .join('\n');
}

async function asked(first: string, second: string): Promise<{ code: number; screen: string }> {
  const terminal = new Pty(
    process.execPath,
    [MAIN, ...words('role', 'create', 'typed', '--ask-password', '--yes')],
    {
      cols: 100,
      rows: 30,
      env: { ...cleanEnvironment(home), TERM: 'xterm-256color' },
    },
  );
  await terminal.waitFor('New password:', { timeout: 60_000 });
  terminal.type(first);
  terminal.press('enter');
  await terminal.waitFor('The same again:', { timeout: 60_000 });
  terminal.type(second);
  terminal.press('enter');
  const { code } = await terminal.exit;
  // everything that was ever written to it
  return { code, screen: terminal.bytes() };
}

test('typed unseen, twice: on no screen, in no log of a server that logs everything, in no journal', async () => {
  const { code, screen } = await asked(PASSWORD, PASSWORD);
  expect(code, screen).toBe(0);
  expect(await there()).toMatch(/^SCRAM-SHA-256\$/);
  for (const text of [screen, readFileSync(cluster.logFile, 'latin1'), journal()])
    expect(text).not.toContain(PASSWORD);
}, 120_000);

test('what is not the same twice is refused, and nothing is done', async () => {
  const { code, screen } = await asked(PASSWORD, `${PASSWORD}x`);
  expect(code).toBe(2);
  expect(screen).toContain('The two are not the same. Nothing was done.');
  expect(screen).not.toContain(PASSWORD);
  expect(await there()).toBeUndefined();
}, 120_000);

test.each([
  ['', /the first line is empty/],
  ['one\ntwo\n', /there is more than one line/],
  ['a\0b\n', /there is a NUL in it/],
  [Buffer.from([0xff, 0x0a]), /what was read is no UTF-8/],
  ['x'.repeat(70_000), /it is longer than 64 kB/],
])('standard input that is no password is refused', async (input, why) => {
  const child = spawn(
    process.execPath,
    [MAIN, ...words('role', 'create', 'typed', '--password-stdin', '--yes')],
    {
      env: cleanEnvironment(home),
      stdio: ['pipe', 'ignore', 'pipe'],
    },
  );
  let stderr = '';
  child.stderr.on('data', (data) => {
    stderr += String(data);
  });
  // it may have read enough before all is written
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const [code] = await once(child, 'close');
  expect(code, stderr).toBe(2);
  expect(stderr).toMatch(why);
  expect(await there()).toBeUndefined();
});

test('without a terminal nothing can be typed, and both ways at once are one too many', async () => {
  const none = await pgdeck(
    words('role', 'create', 'typed', '--ask-password', '--yes'),
    cleanEnvironment(home),
  );
  expect(none).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/no terminal to ask on.*--password-stdin/s),
  });
  const both = await pgdeck(
    words('role', 'create', 'typed', '--ask-password', '--password-stdin', '--yes'),
    cleanEnvironment(home),
  );
  expect(both).toMatchObject({ code: 2, stderr: expect.stringContaining('do not go together') });
});
