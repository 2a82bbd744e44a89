import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { findBinaries } from '../../src/hosts/cluster/binaries.ts';

/*
 * What `npm test` needs beside what npm brings, where it is looked for, and how each system installs it.
 */

/** Of one major version, and in one directory: the tests compare what a server holds with what its own programs say. */
const POSTGRES = ['initdb', 'postgres', 'pg_ctl', 'psql', 'pg_dump', 'pg_dumpall', 'pg_restore', 'vacuumdb'];

/** Other programs, with Debian's package. Without an optional one the tests of it are skipped, and say so. */
const OTHERS: readonly { command: string; package: string; optional?: true }[] = [
  { command: 'pgbouncer', package: 'pgbouncer' },
  { command: 'ps', package: 'procps' },
  { command: 'zstd', package: 'zstd' },
  { command: 'openssl', package: 'openssl', optional: true },
  { command: 'alembic', package: 'alembic', optional: true },
  { command: 'python3', package: 'python3', optional: true },
  { command: 'dockerd', package: 'docker.io', optional: true },
  { command: 'docker-compose', package: 'docker-compose', optional: true },
  { command: 'sshd', package: 'openssh-server', optional: true },
  { command: 'ssh', package: 'openssh-client', optional: true },
  { command: 'zsh', package: 'zsh', optional: true },
  { command: 'fish', package: 'fish', optional: true },
  { command: 'strip', package: 'binutils', optional: true },
  { command: 'man', package: 'man-db', optional: true },
  { command: 'lintian', package: 'lintian', optional: true },
  { command: 'busybox', package: 'busybox', optional: true },
];
const PYTHON = '/usr/lib/python3/dist-packages';
const MODULES = [
  { module: 'flask_migrate', package: 'python3-flask-migrate' },
  { module: 'psycopg2', package: 'python3-psycopg2' },
];

/** A SQLite database that nobody here wrote: 70 tables of the coordinate systems of the world. */
export const PROJ_DB = '/usr/share/proj/proj.db';
const FILES = [{ path: PROJ_DB, package: 'proj-data' }];

export interface Needs {
  /** What is missing and without which no test runs: `psql`, `pg_dump`. */
  readonly programs: readonly string[];
  /** Debian's packages that have it. */
  readonly packages: readonly string[];
  /** Packages without which some tests are skipped. */
  readonly optional: readonly string[];
}

/** What is missing on this machine. */
export async function missing(): Promise<Needs> {
  const { programs, packages, extensions } = await missingPostgres();
  const others = OTHERS.filter(({ command }) => !onPath(command));
  const needed = others.filter(({ optional }) => optional !== true);
  return {
    programs: [...programs, ...needed.map(({ command }) => command)],
    packages: [...packages, ...needed.map((one) => one.package)],
    optional: [
      ...extensions,
      ...others.filter(({ optional }) => optional).map((one) => one.package),
      ...FILES.filter(({ path }) => !existsSync(path)).map((one) => one.package),
      ...MODULES.filter(({ module }) => !existsSync(join(PYTHON, module))).map((one) => one.package),
    ],
  };
}

/** Of PostgreSQL, by the names of their control files, with what Debian calls them behind the major version. */
const EXTENSIONS = [{ control: 'hypopg.control', package: 'hypopg' }];

async function missingPostgres(): Promise<
  Pick<Needs, 'programs' | 'packages'> & { readonly extensions: readonly string[] }
> {
  const bin = (await findBinaries().catch(() => undefined))?.bin;
  // the server that npm brings for the demo comes without the other programs
  const own = bin === undefined || bin.includes('node_modules') ? undefined : bin;
  const programs = POSTGRES.filter((program) => own === undefined || !executable(join(own, program)));
  const version = /^\/usr\/lib\/postgresql\/(\d+)\/bin$/.exec(own ?? '')?.[1];
  const packages =
    version === undefined ? ['postgresql', 'postgresql-client'] : [`postgresql-client-${version}`];
  // before the server is there its version is not known: the next time they are named
  const lacking = EXTENSIONS.filter(
    ({ control }) =>
      version !== undefined && !existsSync(`/usr/share/postgresql/${version}/extension/${control}`),
  );
  return {
    programs,
    packages: programs.length === 0 ? [] : packages,
    extensions: lacking.map((one) => `postgresql-${version}-${one.package}`),
  };
}

function onPath(command: string): boolean {
  // a user's PATH leaves out where Debian puts servers
  const directories = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  return directories.some((directory) => executable(join(directory, command)));
}

function executable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Whether apt-get installs packages here. */
export function hasApt(): boolean {
  return onPath('apt-get');
}

/** The line that installs what is missing on this system; undefined where only the names can be told. */
export function installLine(packages: readonly string[]): string | undefined {
  const sudo = process.getuid?.() === 0 ? '' : 'sudo ';
  if (hasApt()) return `${sudo}apt-get update && ${sudo}apt-get install -y ${packages.join(' ')}`;
  if (onPath('brew')) return 'brew install postgresql@18 pgbouncer';
  if (onPath('dnf'))
    return `${sudo}dnf install postgresql-server postgresql postgresql-contrib pgbouncer procps-ng`;
  return undefined;
}

/** Why the tests cannot run, with the command that changes it; undefined when they can. */
export async function needsSentence(): Promise<string | undefined> {
  const { programs, packages, optional } = await missing();
  if (programs.length === 0) return undefined;
  const root = process.getuid?.() === 0;
  const line = hasApt() && root ? 'npm run setup' : installLine([...packages, ...optional]);
  const how =
    line === undefined
      ? 'install the server and the client programs of one major version of PostgreSQL (13 or later), and PgBouncer'
      : `install what the tests need with: ${line}`;
  return `These programs are missing, without which the tests cannot run: ${programs.join(', ')}; ${how}`;
}
