import { join, relative, resolve } from 'node:path';
import type { Host } from '../../../../hosts/host.ts';
import { hasWayDown } from '../alembic/reversible.ts';
import { projectRoot, textOf } from '../shared/programs.ts';
import type { Project, Source } from '../shared/tool.ts';
import { aerichErrors } from './errors.ts';

/** A project of Aerich, and one of its apps. */
export interface AerichProject extends Project {
  /** Absolute; a directory for each app is in it. */
  readonly location: string;
  /** The app whose migrations they are; undefined when it has to be named. */
  readonly app: string | undefined;
  readonly apps: readonly string[];
}

/** Its settings are in pyproject.toml, or in aerich.ini of old. */
export async function findProject(host: Host, directory: string): Promise<AerichProject | undefined> {
  const root = await projectRoot(directory, async (at) => (await settingsOf(host, at)) !== undefined);
  const settings = root === undefined ? undefined : await settingsOf(host, root);
  if (root === undefined || settings === undefined) return undefined;
  const said = /^\s*location\s*=\s*["']?(.+?)["']?\s*$/m.exec(settings.text)?.[1];
  const location = resolve(root, said ?? 'migrations');
  const apps = await appsOf(host, location);
  const named = apps.find((app) => join(location, app) === directory);
  const app = named ?? (apps.length === 1 ? apps[0] : apps.find((one) => one === 'models'));
  return {
    root,
    location,
    app,
    apps,
    first: ['--app', app ?? 'models'],
    reason: `${settings.file} of Aerich in ${root}`,
  };
}

async function settingsOf(host: Host, root: string): Promise<{ text: string; file: string } | undefined> {
  const toml = await textOf(host, root, 'pyproject.toml');
  const section = toml?.split(/^(?=\[)/m).find((part) => part.startsWith('[tool.aerich]'));
  if (section !== undefined) return { text: section, file: 'pyproject.toml' };
  const ini = await textOf(host, root, 'aerich.ini');
  return ini === undefined ? undefined : { text: ini, file: 'aerich.ini' };
}

async function appsOf({ files }: Host, location: string): Promise<string[]> {
  try {
    return (await files.list(location))
      .filter(({ name, kind }) => kind === 'directory' && !/^[._]/.test(name))
      .map(({ name }) => name)
      .sort();
  } catch {
    return [];
  }
}

/** A migration, and the number that Aerich names it by. */
export interface AerichMigration extends Source {
  readonly index: number;
}

/** The migrations of an app in the order they are applied. Throws OpError when it is not certain which app. */
export async function readSources(
  host: Host,
  { location, app, apps, root }: AerichProject,
): Promise<AerichMigration[]> {
  if (app === undefined)
    throw apps.length === 0
      ? aerichErrors.notBegun({ location, root })
      : aerichErrors.severalApps({ location, apps });
  const directory = join(location, app);
  const sources: AerichMigration[] = [];
  for (const { name: file } of await host.files.list(directory)) {
    if (!/^\d+_.*\.(py|sql)$/.test(file)) continue;
    const text = (await textOf(host, directory, file)) ?? '';
    const path = join(relative(root, directory), file);
    sources.push({
      version: file,
      name: file.replace(/^\d+_(?:\d+_)?|\.\w+$/g, ''),
      index: Number.parseInt(file, 10),
      file: path,
      reversible: file.endsWith('.py') ? hasWayDown(text) && hasSql(text) : /^-- downgrade --$/m.test(text),
      preview: () => `# ${path}\n${text.trim()}`,
      // no timeout reaches its driver
      waits: () => true,
    });
  }
  return sources.sort((a, b) => a.index - b.index);
}

/** What is written for a way down that there is not: a text without SQL. */
function hasSql(text: string): boolean {
  const down = text.slice(text.search(/def downgrade\(/));
  const [, , sql] = /return\s+[rf]?("""|'''|"|')([\s\S]*?)\1/.exec(down) ?? [];
  return sql === undefined || sql.trim() !== '';
}
