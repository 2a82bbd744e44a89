import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '../../src/db/client.ts';
import type { Target } from '../../src/db/target.ts';
import { until } from './until.ts';

export type PoolMode = 'transaction' | 'session' | 'statement';

export interface PoolerOptions {
  readonly mode: PoolMode;
  /** Server connections of each database and user. */
  readonly size?: number;
  /** Other lines of its settings. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** A PgBouncer of our own; call `stop` in afterAll. */
export interface Pooler {
  /** The same database and role as `to`, through the pooler. */
  through(to: Target): Target;
  stop(): Promise<void>;
}

/** Starts Debian's PgBouncer before the server of `target`, for its role and `users`. */
export async function pooler(
  target: Target,
  { mode, size = 5, settings = {} }: PoolerOptions,
  users: readonly string[] = [],
): Promise<Pooler> {
  const directory = mkdtempSync(join(tmpdir(), 'pgdeck-pgbouncer-'));
  // it gives root's rights up and reads its files afterwards
  chmodSync(directory, 0o755);
  const port = await freePort();
  const ini = join(directory, 'pgbouncer.ini');
  const roles = [target.user, ...users].map((user) => `"${user}" ""`);
  writeFileSync(join(directory, 'users.txt'), `${roles.join('\n')}\n`);
  const lines = {
    listen_addr: '127.0.0.1',
    listen_port: port,
    unix_socket_dir: '',
    auth_type: 'trust',
    auth_file: join(directory, 'users.txt'),
    pool_mode: mode,
    default_pool_size: size,
    ...settings,
  };
  const own = Object.entries(lines).map(([name, value]) => `${name} = ${value}`);
  const databases = `* = host=${target.host} port=${target.port}`;
  writeFileSync(ini, `[databases]\n${databases}\n[pgbouncer]\n${own.join('\n')}\n`);
  const child = spawn('pgbouncer', [...(process.getuid?.() === 0 ? ['-u', 'postgres'] : []), ini], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, PATH: `${process.env.PATH ?? ''}:/usr/sbin:/usr/local/sbin` },
  });
  const stop = () => ended(child, directory);
  const through = (to: Target): Target => ({ ...to, host: '127.0.0.1', port });
  try {
    await ready(child, through(target));
  } catch (error) {
    await stop();
    throw error;
  }
  return { through, stop };
}

async function ready(child: ChildProcess, target: Target): Promise<void> {
  let said = '';
  let failed = false;
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  child.on('error', (error) => {
    failed = true;
    said += error.message;
  });
  await until(
    async () => {
      if (failed || child.exitCode !== null) return true;
      const session = await connect(target, 'workload');
      await session.close();
      return true;
    },
    { what: 'a connection through PgBouncer' },
  );
  if (failed || child.exitCode !== null) throw new Error(`PgBouncer does not start: ${said}`);
}

async function ended(child: ChildProcess, directory: string): Promise<void> {
  if (child.exitCode === null && child.pid !== undefined) {
    const closed = once(child, 'close');
    child.kill('SIGKILL');
    await closed;
  }
  rmSync(directory, { recursive: true, force: true });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
