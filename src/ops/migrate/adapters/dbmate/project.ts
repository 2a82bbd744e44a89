import { join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import type { Host } from '../../../../hosts/host.ts';
import type { MigrationDirectory } from '../../types.ts';
import type { HistoryName } from '../shared/history.ts';
import { projectRoot, textOf } from '../shared/programs.ts';
import type { Project } from '../shared/tool.ts';

/** A project of dbmate. */
export interface DbmateProject extends Project {
  /** Absolute. */
  readonly migrations: string;
}

/** The project that a directory belongs to; its root is where its .env is. */
export async function findProject({
  directory,
  host,
  context: { env },
}: MigrationDirectory): Promise<DbmateProject | undefined> {
  const isRoot = async (at: string) =>
    (await textOf(host, at, '.env')) !== undefined || (await host.files.exists(join(at, 'db')));
  const root = (await projectRoot(directory, isRoot)) ?? directory;
  const settings = { ...parseEnv((await textOf(host, root, '.env')) ?? ''), ...env };
  const configured = settings.DBMATE_MIGRATIONS_DIR?.split(',')[0];
  const places = [
    directory,
    ...(configured === undefined ? [] : [resolve(root, configured)]),
    join(directory, 'db', 'migrations'),
    join(directory, 'migrations'),
  ];
  const migrations = await firstOf(places, (place) => hasMigrations(host, place));
  if (migrations === undefined) return undefined;
  return {
    root,
    migrations,
    history: namedBy(settings.DBMATE_MIGRATIONS_TABLE),
    reason: `files of dbmate in ${migrations}`,
  };
}

function namedBy(table: string | undefined): HistoryName {
  const [, schema, name] = /^(?:([^.]+)\.)?(.+)$/.exec(table ?? '') ?? [];
  return { schema, table: name };
}

async function hasMigrations(host: Host, directory: string): Promise<boolean> {
  const there = await host.files.list(directory).catch(() => []);
  const files = there.map(({ name }) => name).filter((name) => /^\d+.*\.sql$/.test(name));
  const isMarked = async (file: string) =>
    /^--\s*migrate:up/m.test((await textOf(host, directory, file)) ?? '');
  return (await firstOf(files, isMarked)) !== undefined;
}

async function firstOf<T>(all: readonly T[], fits: (one: T) => Promise<boolean>): Promise<T | undefined> {
  for (const one of all) if (await fits(one)) return one;
  return undefined;
}
