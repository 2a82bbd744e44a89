import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import { describe, inject } from 'vitest';
import type { DockerRunsOn } from '../../../src/config/runs-on.ts';
import { connect } from '../../../src/db/client.ts';
import type { Target } from '../../../src/db/target.ts';
import { until } from '../until.ts';
import { dockerOk } from './client.ts';
import type { Image } from './images.ts';

export { docker, dockerOk } from './client.ts';

/*
 * Containers of the suite `npm run test:hosts`, at a daemon of its own that DOCKER_HOST names. They have this machine's
 * network; what they run is this machine's PostgreSQL. Each test file removes its own; the daemon removes the rest.
 */

const daemon = inject('docker');
if ('socket' in daemon) process.env.DOCKER_HOST = `unix://${daemon.socket}`;

/** `describe` where there is a daemon; skipped elsewhere. */
export const describeDocker = describe.skipIf(!('socket' in daemon));

export interface ContainerOptions {
  readonly image?: Image;
  /** Words of its command; it sleeps without them. */
  readonly command?: readonly string[];
  /** Further words of `docker run`. */
  readonly args?: readonly string[];
}

export interface TestContainer {
  readonly id: string;
  readonly name: string;
  /** As a profile names it. */
  readonly runsOn: DockerRunsOn;
  stop(): Promise<void>;
  start(): Promise<void>;
  restart(): Promise<void>;
  /** Runs words there by hand; what they write to stdout. */
  exec(...words: readonly string[]): Promise<string>;
  /** Command lines of what runs there beside its first process. */
  processes(): Promise<readonly string[]>;
  remove(): Promise<void>;
}

/** Starts a container. */
export async function container(options: ContainerOptions = {}): Promise<TestContainer> {
  const { image = 'postgres', command = ['sleep', 'infinity'], args = [] } = options;
  const name = `pgdeck-${randomBytes(4).toString('hex')}`;
  const id = await dockerOk([
    'run',
    '-d',
    '--init=false',
    '--network=host',
    `--name=${name}`,
    // as a first process it would not hear SIGTERM, and each stop would take all of its time
    ...(command[0] === 'sleep' ? ['--stop-signal=KILL'] : []),
    ...args,
    `pgdeck-test:${image}`,
    ...command,
  ]);
  return {
    id,
    name,
    runsOn: { kind: 'docker', container: name },
    stop: async () => void (await dockerOk(['stop', '-t', '5', id])),
    start: async () => void (await dockerOk(['start', id])),
    restart: async () => void (await dockerOk(['restart', '-t', '5', id])),
    exec: (...words) => dockerOk(['exec', id, ...words]),
    processes: async () => {
      const [, ...lines] = (await dockerOk(['top', id, '-eo', 'pid,args'])).split('\n');
      return lines.slice(1).map((line) => line.trim().replace(/^\d+ /, ''));
    },
    remove: async () => void (await dockerOk(['rm', '-f', '-v', id])),
  };
}

export interface ServerOptions {
  /** A free one without it. */
  readonly port?: number;
  /** With it every connection needs it (scram-sha-256). */
  readonly password?: string;
  /** Lines of postgresql.conf. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
}

export interface TestPostgres extends TestContainer {
  readonly port: number;
  /** Of the server, in the container. */
  readonly dataDir: string;
  /** How to connect from this machine, as the superuser to `postgres`, with parts replaced. */
  target(overrides?: Partial<Target>): Target;
  /** Fulfilled when it lets sessions in. */
  ready(): Promise<void>;
}

const DATA = '/var/lib/postgresql/data';
const SERVER = `cd /var/lib/postgresql
if [ ! -s ${DATA}/PG_VERSION ]; then
  if [ -n "$POSTGRES_PASSWORD" ]; then
    umask 077; printf %s "$POSTGRES_PASSWORD" >pw
    initdb -D ${DATA} -U postgres -A scram-sha-256 --pwfile=pw --no-sync >/dev/null; rm pw
  else initdb -D ${DATA} -U postgres -A trust --no-sync >/dev/null; fi
fi
exec postgres -D ${DATA} "$@"`;

/** Starts a container with a PostgreSQL of its own, which it waits for; its socket lies in the container's /tmp. */
export async function postgresContainer(options: ServerOptions = {}): Promise<TestPostgres> {
  const { port = await freePort(), password, settings = {}, args = [] } = options;
  const set = {
    port,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '/tmp',
    fsync: 'off',
    ...settings,
  };
  const one = await container({
    image: 'postgres',
    args: [
      '--user=999',
      `--env=PGDATA=${DATA}`,
      ...(password === undefined ? [] : [`--env=POSTGRES_PASSWORD=${password}`]),
      ...args,
    ],
    command: [
      'sh',
      '-c',
      SERVER,
      'sh',
      ...Object.entries(set).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ],
  });
  const target = (overrides: Partial<Target> = {}): Target => ({
    host: '127.0.0.1',
    port,
    user: 'postgres',
    database: 'postgres',
    sslmode: 'disable',
    password: async () => password,
    connectTimeout: 5,
    readOnly: false,
    ...overrides,
  });
  const ready = async () => {
    await until(async () => (await connect(target(), 'workload', 'ready')).close().then(() => true), {
      what: `the server of ${one.name}`,
      timeout: 30_000,
    });
  };
  try {
    await ready();
  } catch (error) {
    const said = await dockerOk(['logs', one.id]);
    await one.remove();
    throw new Error(`The server in a container did not start: ${said}`, { cause: error });
  }
  return {
    ...one,
    runsOn: { kind: 'docker', container: one.name, host: '/tmp', port },
    port,
    dataDir: DATA,
    target,
    ready,
    start: async () => {
      await one.start();
      await ready();
    },
    restart: async () => {
      await one.restart();
      await ready();
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
