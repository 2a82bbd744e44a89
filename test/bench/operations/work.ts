import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Session } from '../../../src/db/client.ts';
import { quoteIdent } from '../../../src/db/ident.ts';
import type { Cluster } from '../../../src/hosts/cluster/cluster.ts';
import { local } from '../../../src/hosts/local.ts';
import { checksumTree } from '../../../src/ops/archive/checksum.ts';
import { decodeArchive } from '../../../src/ops/archive/decode.ts';
import type { OpEvent } from '../../../src/ops/engine/plan.ts';
import { cpuMs } from '../process.ts';
import { DATABASE } from './database.ts';

export const MAIN = fileURLToPath(new URL('../../../dist/main.js', import.meta.url));

/** Where everything happens. */
export interface Site {
  readonly cluster: Cluster;
  readonly admin: Session;
  /** A directory of ours: home, repository and files. */
  readonly home: string;
}

/** A step of a run. */
export interface StepTime {
  readonly id: string;
  /** Seconds. */
  readonly seconds: number;
  /** CPU that pgdeck's own process used meanwhile, in ms. */
  readonly cpu: number;
}

export interface Run {
  /** Of the whole program, from its start to its end. */
  readonly seconds: number;
  readonly steps: readonly StepTime[];
}

export function environment(home: string): Record<string, string> {
  return {
    PATH: process.env.PATH ?? '',
    HOME: home,
    XDG_CACHE_HOME: join(home, '.cache'),
    BACKUP_DIR: repository(home),
    LC_ALL: 'C.UTF-8',
    COLORTERM: 'truecolor',
  };
}

export function repository(home: string): string {
  return join(home, 'backups');
}

export function connection({ cluster }: Site): string[] {
  const { host, port, user } = cluster.target();
  return ['-h', host, '-p', String(port), '-U', user];
}

/** Runs an operation as a command, and tells how long its steps took. Throws when it fails. */
export async function operation(site: Site, args: readonly string[]): Promise<Run> {
  const steps: StepTime[] = [];
  let pid = 0;
  let before = 0;
  let id = '';
  const see = (event: OpEvent) => {
    if (event.type === 'start') {
      before = cpuMs(pid);
      id = event.id;
    } else if (event.type === 'finish')
      steps.push({ id, seconds: event.ms / 1000, cpu: cpuMs(pid) - before });
  };
  const seconds = await timed(async () => {
    await program(
      process.execPath,
      [MAIN, ...args, ...connection(site), '-d', DATABASE, '--json'],
      environment(site.home),
      {
        onStart: (started) => {
          pid = started;
        },
        onLine: (line, from) => {
          if (from === 'stdout') see(JSON.parse(line) as OpEvent);
        },
      },
    );
  });
  return { seconds, steps };
}

/** Seconds that something takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}

/** Runs a program to its end. Throws when it fails. */
export async function program(
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  options: Pick<NonNullable<Parameters<typeof local.run>[2]>, 'onStart' | 'onLine'> = {},
): Promise<void> {
  const { exitCode, stderr, stdout } = await local.run(file, args, { ...options, env, maxOutput: 8_000 });
  if (exitCode !== 0) throw new Error(`${file} ${args.join(' ')} failed: ${stderr}${stdout}`);
}

/** The pg_dump that `pgdeck backup` starts, without pgdeck. */
export async function dumpAlone(site: Site, directory: string): Promise<void> {
  const args = ['-w', '-Fc', '-Z1', '--lock-wait-timeout=30s', '-f', join(directory, 'alone.dump')];
  await program(join(site.cluster.bin, 'pg_dump'), [...args, ...connection(site), '-d', DATABASE], {
    LC_ALL: 'C',
  });
}

/** What the step `verify` does with an archive, without the run around it. */
export async function verifyAlone({ cluster }: Site, directory: string): Promise<void> {
  const clients = { host: local, path: (name: string) => join(cluster.bin, name) };
  const archive = { kind: 'custom', path: join(directory, 'alone.dump') } as const;
  await Promise.all([decodeArchive({ here: local }, clients, archive), checksumTree(directory)]);
}

/** Counts the rows of every table, one table after the other. */
export async function countAlone({ admin }: Site): Promise<void> {
  const tables = await admin.sql(
    `SELECT n.nspname::text AS schema, c.relname::text AS name
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'm') AND n.nspname = 'public'`,
  );
  for (const { schema, name } of tables)
    await admin.sql(`SELECT count(*) FROM ONLY ${quoteIdent(String(schema))}.${quoteIdent(String(name))}`);
}

/** Removes what was made: the disk is others' too. */
export async function removeBackups(home: string): Promise<void> {
  const directory = repository(home);
  for (const name of await readdir(directory).catch(() => []))
    await rm(join(directory, name), { recursive: true });
}
