import { parse } from 'node:path';
import type { Host } from '../../../../hosts/host.ts';
import type { Migration } from '../../files/migration.ts';
import { readMigrations } from '../../files/read.ts';
import type { Direction, Problem } from '../../types.ts';
import { textOf } from '../shared/programs.ts';
import { sqlOf } from '../shared/sections.ts';
import { waitsByDesign } from '../shared/timeout.ts';

/** A migration of node-pg-migrate: SQL, or a program. */
export interface NodePgMigration {
  /** As its history has it: the file's name without its ending. */
  readonly name: string;
  readonly file: string;
  readonly reversible: boolean;
  /** Undefined for a program. */
  readonly migration: Migration | undefined;
  preview(direction: Direction): string;
  /** It has a statement that waits by design. */
  waits(direction: Direction): boolean;
}

export interface Sources {
  /** In the order they are applied. */
  readonly sources: readonly NodePgMigration[];
  readonly problems: readonly Problem[];
}

const collator = new Intl.Collator(undefined, {
  usage: 'sort',
  numeric: true,
  sensitivity: 'variant',
  ignorePunctuation: true,
});

/** The migrations of a directory as node-pg-migrate takes them. */
export async function readSources(host: Host, directory: string): Promise<Sources> {
  let files: string[];
  try {
    files = (await host.files.list(directory))
      .filter(({ name, kind }) => kind !== 'directory' && /^\d+.*\.([cm]?[jt]s|sql)$/.test(name))
      .map(({ name }) => name);
  } catch {
    const message = `There is no directory ${directory}; name the one with the migrations.`;
    return { sources: [], problems: [{ kind: 'no_directory', version: null, message }] };
  }
  const { migrations, problems } = files.some((file) => file.endsWith('.sql'))
    ? await readMigrations(host, directory)
    : { migrations: [], problems: [] };
  const sql = new Map(migrations.map((migration) => [migration.file, migration]));
  const sources: NodePgMigration[] = [];
  for (const file of files.sort((a, b) => moment(a) - moment(b) || collator.compare(a, b))) {
    const migration = sql.get(file);
    sources.push(migration ? ofSql(migration) : await ofProgram(host, directory, file));
  }
  return {
    sources,
    // programs are no mistake here
    problems: problems.filter(({ message }) => !/\.[cm]?[jt]s: /.test(message)),
  };
}

function ofSql(migration: Migration): NodePgMigration {
  return {
    name: parse(migration.file).name,
    file: migration.file,
    reversible: migration.down !== undefined,
    migration,
    preview: (direction) => sqlOf([migration], direction),
    waits: (direction) => migration[direction]?.statements.some(({ concurrently }) => concurrently) === true,
  };
}

/** Without a `down`, node-pg-migrate makes one of `up`, unless the file says that there is none. */
async function ofProgram(host: Host, directory: string, file: string): Promise<NodePgMigration> {
  const text = (await textOf(host, directory, file)) ?? '';
  return {
    name: parse(file).name,
    file,
    reversible: !/\bdown\s*=\s*false\b/.test(text),
    migration: undefined,
    preview: () => `// ${file}\n${text.trim()}`,
    waits: () => waitsByDesign([text]),
  };
}

/** Seventeen digits are a date in UTC, other prefixes are milliseconds or a count. */
function moment(file: string): number {
  const digits = /^\d+/.exec(file)?.[0] ?? '';
  const [, y, mo, d, h, mi, s, ms] = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d{3})$/.exec(digits) ?? [];
  return y === undefined ? Number(digits) : Date.parse(`${y}-${mo}-${d}T${h}:${mi}:${s}.${ms}Z`);
}

/** What orders a migration and what `to` names: the number before its name, or all of it where two have the same. */
export function versionsOf(names: readonly string[]): Map<string, string> {
  const prefix = (name: string) => /^\d+/.exec(name)?.[0] ?? name;
  const counts = Map.groupBy(new Set(names), prefix);
  return new Map(names.map((name) => [name, counts.get(prefix(name))?.length === 1 ? prefix(name) : name]));
}
