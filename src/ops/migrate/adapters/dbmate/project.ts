import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import type { MigrationDirectory } from '../../types.ts';
import type { HistoryName } from '../shared/history.ts';
import { projectRoot, textOf } from '../shared/programs.ts';

/** A project of dbmate. */
export interface DbmateProject {
  /** Where dbmate is run: where its .env is. */
  readonly root: string;
  /** Absolute. */
  readonly migrations: string;
  readonly history: HistoryName;
  readonly reason: string;
}

/** The project that a directory belongs to: its root or its migrations may be named. */
export function findProject({ directory, context }: MigrationDirectory): DbmateProject | undefined {
  const root =
    projectRoot(directory, (at) => textOf(at, '.env') !== undefined || existsSync(join(at, 'db'))) ??
    directory;
  const settings = { ...parseEnv(textOf(root, '.env') ?? ''), ...context.env };
  const configured = settings.DBMATE_MIGRATIONS_DIR?.split(',')[0];
  const migrations = [
    directory,
    ...(configured === undefined ? [] : [resolve(root, configured)]),
    join(directory, 'db', 'migrations'),
    join(directory, 'migrations'),
  ].find(hasMigrations);
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

function hasMigrations(directory: string): boolean {
  try {
    return readdirSync(directory).some(
      (file) => /^\d+.*\.sql$/.test(file) && /^--\s*migrate:up/m.test(textOf(directory, file) ?? ''),
    );
  } catch {
    return false;
  }
}
