import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { chmod, chown, cp, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Target } from '../../db/target.ts';
import { CommandError, type Running } from '../host.ts';
import { start } from '../local.ts';
import { findBinaries, openToAll, type ServerUser, serverUser } from './binaries.ts';
import { initdb, lastLine, serverEnv } from './initdb.ts';
import { startWatchdog, type Watchdog } from './watchdog.ts';

export interface ClusterOptions {
  /** Directory with initdb and postgres; found by itself when absent. */
  readonly bin?: string;
  /** Lines for postgresql.conf, on top of settings that trade safety for speed. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly superuser?: string;
  /** With it every connection needs it (scram-sha-256); without it everyone on this machine is let in. */
  readonly password?: string;
  /** Leaves the data directory behind when the server is removed. */
  readonly keep?: boolean;
  /** Listens on no TCP port. */
  readonly socketOnly?: boolean;
  /** Directory to be made in, where a server can live there; else, and without it, the temporary one. */
  readonly parent?: string;
}

export type StopMode = 'smart' | 'fast' | 'immediate';

/** A PostgreSQL server of our own; it and its files are gone when this process ends, even by SIGKILL. */
export interface Cluster {
  readonly bin: string;
  readonly major: number;
  readonly port: number;
  readonly socketDir: string;
  readonly dataDir: string;
  readonly logFile: string;
  /** How to connect as the superuser to `postgres`, with parts replaced. */
  target(overrides?: Partial<Target>): Target;
  /** A directory of the server's, outside of its data, that goes with it: for a tablespace. */
  makeDirectory(name: string): Promise<string>;
  start(): Promise<void>;
  stop(mode?: StopMode): Promise<void>;
  restart(mode?: StopMode): Promise<void>;
  /** Stops the server and removes its files; may be called more than once. */
  remove(): Promise<void>;
}

const SIGNALS: Record<StopMode, NodeJS.Signals> = { smart: 'SIGTERM', fast: 'SIGINT', immediate: 'SIGQUIT' };
const SUPERUSER = 'postgres';
const READY_MS = 20_000;
/** PostgreSQL itself waits that long for its children in an immediate shutdown. */
const FORCE_MS = 6_000;
const POLL_MS = 20;
/** A Unix socket's path holds at most 107 bytes on Linux, 103 on macOS. */
const SOCKET_PATH_MAX = 100;

/** Creates a cluster and starts it. Throws {@link CommandError}. */
export async function createCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const { bin, major } = await findBinaries(options.bin);
  const user = await serverUser();
  const { superuser = SUPERUSER, password } = options;
  const directory = await makeDirectory(user, options.parent);
  const dataDir = join(directory, 'data');
  const watchdog = await startWatchdog(directory, dataDir, options.keep ?? false).catch(
    async (error: unknown) => {
      await rm(directory, { recursive: true });
      throw error;
    },
  );
  try {
    const usable = await usableBin(bin, directory, user);
    await initdb({ bin: usable, directory, dataDir, user, watchdog, superuser, password });
    const cluster = new LocalCluster({ bin: usable, major, directory, dataDir, user, watchdog, options });
    await cluster.start();
    return cluster;
  } catch (error) {
    await watchdog.finish();
    throw error;
  }
}

interface Parts {
  readonly bin: string;
  readonly major: number;
  readonly directory: string;
  readonly dataDir: string;
  readonly user: ServerUser | undefined;
  readonly watchdog: Watchdog;
  readonly options: ClusterOptions;
}

/** The directory that a server of our own is made in, to see what is free there. Throws {@link CommandError}. */
export async function clusterParent(): Promise<string> {
  return parentFor(await serverUser());
}

async function makeDirectory(user: ServerUser | undefined, wanted?: string): Promise<string> {
  const directory = await mkdtemp(join(await parentFor(user, wanted), 'pgdeck-'));
  if (user !== undefined) await chown(directory, user.uid, user.gid);
  return directory;
}

/** Where the server's user gets to, and its socket's path is short enough. */
async function parentFor(user: ServerUser | undefined, wanted?: string): Promise<string> {
  for (const parent of [...(wanted === undefined ? [] : [wanted]), await realpath(tmpdir()), '/tmp']) {
    const socket = join(parent, 'pgdeck-XXXXXX', '.s.PGSQL.65535');
    if (Buffer.byteLength(socket) > SOCKET_PATH_MAX) continue;
    if (user !== undefined && !(await openToAll(parent))) continue;
    return parent;
  }
  throw new CommandError(
    'other',
    'The temporary directory cannot hold a server: set TMPDIR to a short path.',
  );
}

/** The programs where the server's user can reach them: root's node_modules may be closed to it. */
async function usableBin(bin: string, directory: string, user: ServerUser | undefined): Promise<string> {
  if (user === undefined || (await openToAll(bin))) return bin;
  const copy = join(directory, 'postgresql');
  await cp(dirname(bin), copy, { recursive: true, verbatimSymlinks: true });
  await chmod(copy, 0o755);
  return join(copy, 'bin');
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

class LocalCluster implements Cluster {
  readonly bin: string;
  readonly major: number;
  readonly socketDir: string;
  readonly dataDir: string;
  readonly logFile: string;
  readonly #parts: Parts;
  #port = 0;
  #server: Running | undefined;
  #removed: Promise<void> | undefined;

  constructor(parts: Parts) {
    this.bin = parts.bin;
    this.major = parts.major;
    this.socketDir = parts.directory;
    this.dataDir = parts.dataDir;
    this.logFile = join(parts.directory, 'server.log');
    this.#parts = parts;
  }

  get port(): number {
    return this.#port;
  }

  target(overrides: Partial<Target> = {}): Target {
    const { superuser = SUPERUSER, password, socketOnly } = this.#parts.options;
    return {
      host: socketOnly ? this.socketDir : '127.0.0.1',
      port: this.#port,
      user: superuser,
      database: 'postgres',
      sslmode: 'disable',
      password: async () => password,
      connectTimeout: 5,
      readOnly: false,
      ...overrides,
    };
  }

  async makeDirectory(name: string): Promise<string> {
    const { directory, user } = this.#parts;
    const made = join(directory, name);
    await mkdir(made, { mode: 0o700 });
    if (user !== undefined) await chown(made, user.uid, user.gid);
    return made;
  }

  async start(): Promise<void> {
    if (this.#removed !== undefined) throw new CommandError('other', 'This server has been removed.');
    if (this.#server !== undefined && this.#server.exit === undefined) return;
    for (let attempt = 1; ; attempt++) {
      // another program may take the port between our look and the server's start
      if (this.#port === 0) this.#port = await freePort();
      await this.#configure();
      const failure = await this.#launch();
      if (failure === undefined) return;
      const log = await this.#logTail();
      if (attempt < 5 && /could not bind|could not create any TCP/.test(log)) this.#port = 0;
      else throw new CommandError('other', `The server did not start: ${failure || lastLine(log)}.`, log);
    }
  }

  async #configure(): Promise<void> {
    const { options, directory, dataDir } = this.#parts;
    const settings: Record<string, string> = {
      listen_addresses: options.socketOnly ? '' : '127.0.0.1',
      port: String(this.#port),
      unix_socket_directories: directory,
      fsync: 'off',
      full_page_writes: 'off',
      synchronous_commit: 'off',
      ...options.settings,
    };
    const lines = Object.entries(settings).map(
      ([name, value]) => `${name} = '${value.replaceAll("'", "''")}'`,
    );
    await writeFile(join(dataDir, 'pgdeck.conf'), `${lines.join('\n')}\n`, { mode: 0o644 });
    const main = join(dataDir, 'postgresql.conf');
    const text = await readFile(main, 'utf8');
    if (!text.includes("include 'pgdeck.conf'")) await writeFile(main, `${text}\ninclude 'pgdeck.conf'\n`);
  }

  /** Undefined when the server is ready; else why not, empty when only the log knows. */
  async #launch(): Promise<string | undefined> {
    const { bin, directory, dataDir, user, watchdog } = this.#parts;
    const log = createWriteStream(this.logFile, { flags: 'a' });
    await once(log, 'open');
    try {
      this.#server = await start(join(bin, 'postgres'), ['-D', dataDir], {
        ...user,
        cwd: directory,
        env: serverEnv(),
        output: log,
        outlive: true,
      });
    } finally {
      log.destroy();
    }
    watchdog.watch('server', this.#server.pid);
    const deadline = Date.now() + READY_MS;
    while (this.#server.exit === undefined) {
      // the eighth line of the lock file is the postmaster's state
      const lock = await readFile(join(dataDir, 'postmaster.pid'), 'utf8').catch(() => '');
      if (/^ready/.test(lock.split('\n')[7] ?? '')) {
        this.#server.hold(false);
        return undefined;
      }
      if (Date.now() > deadline) {
        await this.stop('immediate');
        return `it was not ready after ${READY_MS / 1000} s`;
      }
      await delay(POLL_MS);
    }
    watchdog.watchNothing();
    return '';
  }

  async #logTail(): Promise<string> {
    return (await readFile(this.logFile, 'utf8').catch(() => '')).slice(-4_000);
  }

  async stop(mode: StopMode = 'fast'): Promise<void> {
    const server = this.#server;
    if (server === undefined || server.exit !== undefined) return;
    server.hold(true);
    server.signal(SIGNALS[mode]);
    // one that is suspended would never hear the signal
    const force = mode === 'immediate' ? setTimeout(() => server.signal('SIGKILL'), FORCE_MS) : undefined;
    await server.exited;
    clearTimeout(force);
    this.#parts.watchdog.watchNothing();
  }

  async restart(mode: StopMode = 'fast'): Promise<void> {
    await this.stop(mode);
    await this.start();
  }

  remove(): Promise<void> {
    this.#removed ??= this.#remove();
    return this.#removed;
  }

  async #remove(): Promise<void> {
    // files that are kept deserve a checkpoint, the others do not
    await this.stop(this.#parts.options.keep ? 'fast' : 'immediate');
    await this.#parts.watchdog.finish();
  }
}
