import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { until } from './until.ts';

/** A real sshd on loopback with keys of its own, and an ssh configuration that leads to it; call `stop` in afterAll. */
export interface Sshd {
  /** A Host of {@link Sshd.config}, for this machine as this user. */
  readonly destination: string;
  /** The ssh configuration: an absolute path. */
  readonly config: string;
  readonly port: number;
  /** Where the keys lie. */
  readonly directory: string;
  /** What it has logged. */
  log(): string;
  /** Writes the same configuration with other lines before it, into a file of its own; its path. */
  configWith(name: string, lines: readonly string[]): string;
  /** Kills the daemon and all that came through it, as a machine that loses its power; `start` brings it back. */
  kill(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

const SSHD = ['/usr/sbin/sshd', '/usr/local/sbin/sshd', '/usr/bin/sshd'].find((path) => existsSync(path));

/** Why tests with a real sshd are skipped here; a CI that lacks it fails instead. */
export const NO_SSHD: string | undefined =
  SSHD === undefined && process.env.CI !== 'true'
    ? 'there is no sshd on this machine: install openssh-server'
    : undefined;

/** Starts it; `environment` is of all that runs over it. Throws where there is none. */
export async function startSshd(environment: Readonly<Record<string, string>> = {}): Promise<Sshd> {
  if (SSHD === undefined) throw new Error('There is no sshd: install openssh-server.');
  const program = SSHD;
  const directory = mkdtempSync(join(tmpdir(), 'pgdeck-sshd-'));
  const file = (name: string) => join(directory, name);
  for (const key of ['host', 'user'])
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', key, '-f', file(key)]);
  const port = await freePort();
  const [type, key] = readFileSync(file('host.pub'), 'utf8').split(' ');
  writeFileSync(file('known_hosts'), `[127.0.0.1]:${port} ${type} ${key}\n`);
  writeFileSync(file('authorized_keys'), readFileSync(file('user.pub')), { mode: 0o600 });
  const set = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  writeFileSync(
    file('sshd_config'),
    [
      `Port ${port}`,
      'ListenAddress 127.0.0.1',
      `HostKey ${file('host')}`,
      `AuthorizedKeysFile ${file('authorized_keys')}`,
      // the directory lies among those for temporary files
      'StrictModes no',
      'UsePAM no',
      'PasswordAuthentication no',
      'KbdInteractiveAuthentication no',
      'PermitRootLogin prohibit-password',
      'PidFile none',
      'MaxStartups 100',
      // what a shell of this machine's user begins with is not ours: one that is killed in the middle may hold up the next
      `SetEnv ${[`HOME=${directory}`, ...set].join(' ')}`,
    ].join('\n'),
  );
  const lines = [
    'Host db1',
    '  HostName 127.0.0.1',
    `  Port ${port}`,
    `  User ${userInfo().username}`,
    `  IdentityFile ${file('user')}`,
    '  IdentitiesOnly yes',
    '  IdentityAgent none',
    `  UserKnownHostsFile ${file('known_hosts')}`,
    '  GlobalKnownHostsFile /dev/null',
  ];
  const write = (name: string, before: readonly string[]) => {
    writeFileSync(file(name), `${[...before, ...lines].join('\n')}\n`);
    return file(name);
  };
  // what the daemon of a package makes when its service starts
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  let child: ChildProcess | undefined;
  let said = '';
  const start = async () => {
    const started = spawn(program, ['-D', '-e', '-f', file('sshd_config')], {
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true,
    });
    child = started;
    started.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    await until(() => started.exitCode !== null || answers(port), { what: 'sshd' });
    if (started.exitCode !== null) throw new Error(`sshd does not start: ${said}`);
  };
  const kill = async () => {
    const ended = child;
    child = undefined;
    if (ended?.pid === undefined || ended.exitCode !== null) return;
    const exited = once(ended, 'exit');
    for (const pid of descendants(ended.pid)) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // it has ended by itself
      }
    }
    await exited;
  };
  await start();
  return {
    destination: 'db1',
    config: write('config', []),
    port,
    directory,
    log: () => said,
    configWith: write,
    kill,
    start,
    stop: async () => {
      await kill();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** A process and all below it; each connection of sshd has a session of its own, so that no group holds them. */
function descendants(pid: number): number[] {
  const table = execFileSync('ps', ['-eo', 'pid=,ppid='], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number));
  const below = (parent: number): number[] =>
    table.flatMap(([one = 0, of]) => (of === parent ? [one, ...below(one)] : []));
  return [pid, ...below(pid)];
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
