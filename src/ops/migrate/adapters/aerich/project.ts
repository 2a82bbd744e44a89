import { join, relative, resolve } from 'node:path';
import type { Host } from '../../../../hosts/host.ts';
import { hasWayDown } from '../alembic/reversible.ts';
import { adapterErrors } from '../errors.ts';
import { projectRoot, textOf } from '../shared/programs.ts';
import type { Listed } from '../shared/status.ts';

/** A project of Aerich, and one of its apps. */
export interface AerichProject {
  readonly root: string;
  /** Absolute; a directory for each app is in it. */
  readonly location: string;
  /** The app whose migrations they are; undefined when it has to be named. */
  readonly app: string | undefined;
  readonly apps: readonly string[];
  readonly reason: string;
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
  return {
    root,
    location,
    app: named ?? (apps.length === 1 ? apps[0] : apps.find((app) => app === 'models')),
    apps,
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
export interface AerichMigration extends Listed {
  readonly index: number;
  readonly text: string;
}

/** The migrations of an app in the order they are applied. Throws OpError when it is not certain which app. */
export async function readSources(
  host: Host,
  { location, app, apps, root }: AerichProject,
): Promise<AerichMigration[]> {
  if (app === undefined)
    throw apps.length === 0
      ? adapterErrors.aerichNotBegun({ location, root })
      : adapterErrors.severalApps({ location, apps });
  const directory = join(location, app);
  const sources: AerichMigration[] = [];
  for (const { name: file } of await host.files.list(directory)) {
    if (!/^\d+_.*\.(py|sql)$/.test(file)) continue;
    const text = (await textOf(host, directory, file)) ?? '';
    sources.push({
      version: file,
      name: file.replace(/^\d+_(?:\d+_)?|\.\w+$/g, ''),
      index: Number.parseInt(file, 10),
      file: join(relative(root, directory), file),
      reversible: file.endsWith('.py') ? hasWayDown(text) && hasSql(text) : /^-- downgrade --$/m.test(text),
      text,
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
