import { spawn as spawnProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { spawn } from '@lydell/node-pty';
import { expect, test } from 'vitest';
import { cleanEnvironment, MAIN, pgdeck, temporaryDirectory } from '../support/program.ts';

const env = { ...cleanEnvironment(temporaryDirectory()), DOCKER_HOST: 'unix:///nowhere/docker.sock' };
const run = (...args: string[]) => pgdeck(args, env);

test('--version is that of package.json', async () => {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  expect(await run('--version')).toEqual({ code: 0, stdout: `${manifest.version}\n`, stderr: '' });
});

test('--help goes to stdout and ends with 0; -h is the host', async () => {
  const { code, stdout, stderr } = await run('--help');
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toContain('-h, --host <host>');
  expect((await run('profile', 'add', '--help')).stdout).toContain('-h, --host <host>');
});

test.each([
  [['bogus'], /There is no command "bogus"\. pgdeck --help lists them\.$/m],
  [['bakcup'], /There is no command "bakcup"\. Did you mean pgdeck backup\?$/m],
  [['verify'], /Did you mean pgdeck backups verify or pgdeck migrate verify\?$/m],
  [['bakcup', '--jobs', '2'], /There is no command "bakcup"\. Did you mean pgdeck backup\?$/m],
  [['backups', 'shwo', '--level', 'x'], /There is no command "backups shwo"\./],
  [['demo', 'postgres://me:pw@h/d'], /demo takes no argument, and "postgres:\/\/…" is one too many\./],
  [['show', 'locks', 'y'], /show takes one argument, and "y" is one too many\./],
  [['profile', 'add', 'a', 'b', '-d', 'x'], /profile add takes one argument, and "b" is one too many\./],
  [['help', 'backups', 'shwo'], /There is no command "backups shwo"\. Did you mean pgdeck backups show\?$/m],
  [['--bogus'], /pgdeck: pgdeck has no option --bogus\. pgdeck --help lists them\.$/m],
  [['profile', 'bogus'], /There is no command "profile bogus"\. pgdeck profile --help lists them\.$/m],
  [
    ['profile', 'add'],
    /profile add needs a name, and the servers in containers cannot be listed: .*Give it one: pgdeck profile add NAME/m,
  ],
  [['profile', 'add', '-p', '1'], /profile add needs a name: what to call the server\./],
  [['-h'], /--host <host> needs its value: name, address or socket directory of the server\. pgdeck --help/],
  [['--interval', '0'], /interval must be from 0.5 to 60/],
  [['--profile', 'nope'], /There is no profile "nope"/],
  [['demo', '--scale', '0'], /scale must be/],
  [['show', 'activity', '--json', '--csv'], /--json and --csv do not go together\. Give one of them\.$/m],
  [
    ['show', 'activity', '--limit', 'x'],
    /"x" will not do for --limit <n>\. A whole number from 1 on is expected\.$/m,
  ],
])('bad usage %j: exit 2, a sentence on stderr, nothing on stdout', async (args, message) => {
  const { code, stdout, stderr } = await run(...args);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(message);
  expect(stderr).not.toMatch(/ {4}at /);
});

test('help of a command is that of its --help, with what its operation takes', async () => {
  const asked = await run('backups', 'verify', '--help');
  expect(asked.stdout).toContain('--level <level>');
  expect(await run('help', 'backups', 'verify')).toEqual(asked);
  expect(await run('backups', 'help', 'verify')).toEqual(asked);
});

test('PGDECK_DEBUG adds the stack', async () => {
  const { stderr } = await pgdeck(['bogus'], { ...env, PGDECK_DEBUG: '1' });
  expect(stderr).toMatch(/ {4}at /);
});

test('a reader that has enough ends it quietly', async () => {
  const child = spawnProcess('sh', ['-c', `"$0" "$1" --help | true`, process.execPath, MAIN], { env });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  await new Promise((resolve) => child.on('close', resolve));
  expect(stderr).toBe('');
});

test.skipIf(!existsSync('/dev/full'))(
  'output that cannot be written: one sentence, and the exit code says so',
  async () => {
    const full = (to: string, ...args: string[]) => {
      const child = spawnProcess(
        'sh',
        ['-c', `exec "$0" "$@" ${to}>/dev/full`, process.execPath, MAIN, ...args],
        {
          env,
        },
      );
      let stderr = '';
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        stderr += text;
      });
      return new Promise((resolve) => child.on('close', (code) => resolve([code, stderr])));
    };
    expect(await full('1', '--help')).toEqual([
      1,
      expect.stringMatching(
        /^pgdeck: What was asked for cannot be written to stdout \(.*\)\. Make room there\.\n$/,
      ),
    ]);
    expect(await full('2', 'bogus')).toEqual([2, '']);
  },
);

test('a terminal for the screen but none for the keys: exit 2 and the way for scripts', async () => {
  const child = spawn('sh', ['-c', '"$0" "$1" </dev/null', process.execPath, MAIN], { env, cols: 200 });
  let screen = '';
  child.onData((data) => {
    screen += data;
  });
  const code = await new Promise((resolve) => child.onExit(({ exitCode }) => resolve(exitCode)));
  expect(code).toBe(2);
  expect(screen).toMatch(/stdin is no terminal\. Use pgdeck --once, or pgdeck show/);
});
