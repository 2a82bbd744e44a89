import { resolve } from 'node:path';
import type { Host } from '../../../../hosts/host.ts';
import { splitWords } from '../../../../text/shell.ts';
import { dependsOn, findPackage } from '../shared/package-json.ts';
import { textOf } from '../shared/programs.ts';
import type { Project } from '../shared/tool.ts';

/** A project of node-pg-migrate, with the options that its own scripts give. */
export interface NodePgMigrateProject extends Project {
  /** Absolute. */
  readonly migrations: string;
  /** Options for every call, besides the directory. */
  readonly options: readonly string[];
}

const PROGRAM = 'node-pg-migrate';

/** Long names of the short options that matter here. */
const SHORT: Readonly<Record<string, string>> = {
  '-m': '--migrations-dir',
  '-t': '--migrations-table',
  '-s': '--schema',
  '-f': '--config-file',
  '-d': '--database-url-var',
};

/** Options that every call of the scripts has and ours has to have, too; with a value, or without. */
const KEPT = new Set([
  '--migrations-table',
  '--schema',
  '--migrations-schema',
  '--config-file',
  '--config-value',
  '--ignore-pattern',
  '--envPath',
  '--tsconfig-paths',
  '--lock-value',
  '--create-schema',
  '--create-migrations-schema',
  '--decamelize',
  '--no-check-order',
  '--no-single-transaction',
]);

export async function findProject(host: Host, directory: string): Promise<NodePgMigrateProject | undefined> {
  const found = await findPackage(host, directory);
  if (found === undefined) return undefined;
  const script = Object.values(found.scripts).find((text) => splitWords(text)?.includes(PROGRAM));
  if (script === undefined && !dependsOn(found, PROGRAM)) return undefined;
  const given = optionsOf(splitWords(script ?? '') ?? []);
  const one = (name: string) => given.find(([option]) => option === name)?.[1];
  const settings = await settingsOf(host, found.root, one('--config-file'));
  const said = (name: string) => one(`--${name}`) ?? settings[name];
  const configured = resolve(found.root, said('migrations-dir') ?? 'migrations');
  return {
    root: found.root,
    migrations: directory !== found.root && (await hasMigrations(host, directory)) ? directory : configured,
    history: { table: said('migrations-table'), schema: said('migrations-schema') ?? said('schema') },
    options: given.flatMap(([option, value]) =>
      KEPT.has(option) ? [option, ...(value === undefined ? [] : [value])] : [],
    ),
    variable: one('--database-url-var'),
    reason: `${PROGRAM} in package.json of ${found.root}`,
  };
}

type Option = readonly [name: string, value: string | undefined];

/** The options behind the program's name; each with its value, where a word follows that is none itself. */
function optionsOf(words: readonly string[]): Option[] {
  const rest = words.slice(words.indexOf(PROGRAM) + 1);
  return rest.flatMap((word, at): Option[] => {
    if (!word.startsWith('-')) return [];
    const [name = '', ...value] = word.split('=');
    const long = SHORT[name] ?? name;
    if (value.length > 0) return [[long, value.join('=')]];
    const next = rest[at + 1];
    const takesNone = long.startsWith('--no-') || long === '--decamelize' || long.startsWith('--create-');
    return [[long, takesNone || next === undefined || next.startsWith('-') ? undefined : next]];
  });
}

/** What its settings file says, where that is JSON. */
async function settingsOf(
  host: Host,
  root: string,
  file: string | undefined,
): Promise<Record<string, string | undefined>> {
  try {
    const all = JSON.parse((await textOf(host, root, file ?? 'config/default.json')) ?? '{}') as Record<
      string,
      unknown
    >;
    const section = (all.db ?? all) as Record<string, unknown>;
    return Object.fromEntries(
      Object.entries(section).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
    );
  } catch {
    return {};
  }
}

async function hasMigrations({ files }: Host, directory: string): Promise<boolean> {
  try {
    return (await files.list(directory)).some(({ name }) => /^\d+[_-].*\.([cm]?[jt]s|sql)$/.test(name));
  } catch {
    return false;
  }
}
