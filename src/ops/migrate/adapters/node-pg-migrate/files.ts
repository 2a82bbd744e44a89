import { parse } from 'node:path';
import type { Host } from '../../../../hosts/host.ts';
import { readMigrations } from '../../files/read.ts';
import { textOf } from '../shared/programs.ts';
import { ofSql } from '../shared/sections.ts';
import { waitsByDesign } from '../shared/timeout.ts';
import type { Source, Sources } from '../shared/tool.ts';

const collator = new Intl.Collator(undefined, {
  usage: 'sort',
  numeric: true,
  sensitivity: 'variant',
  ignorePunctuation: true,
});

/** The migrations of a directory as node-pg-migrate takes them; its history has a file's name without its ending. */
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
  const sources: Source[] = [];
  for (const file of files.sort((a, b) => moment(a) - moment(b) || collator.compare(a, b))) {
    const migration = sql.get(file);
    sources.push(
      migration
        ? { ...ofSql(migration, parse(file).name), name: nameOf(file) }
        : await ofProgram(host, directory, file),
    );
  }
  return {
    sources,
    // programs are no mistake here
    problems: problems.filter(({ message }) => !/\.[cm]?[jt]s: /.test(message)),
  };
}

/** What stands behind the number. */
const nameOf = (file: string): string => parse(file).name.replace(/^\d+[_-]/, '');

/** Without a `down`, node-pg-migrate makes one of `up`, unless the file says that there is none. */
async function ofProgram(host: Host, directory: string, file: string): Promise<Source> {
  const text = (await textOf(host, directory, file)) ?? '';
  return {
    version: parse(file).name,
    name: nameOf(file),
    file,
    reversible: !/\bdown\s*=\s*false\b/.test(text),
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
