import { basename, dirname, join } from 'node:path';
import type { Host, RunResult } from '../../../../hosts/host.ts';
import type { Where } from '../../types.ts';
import { adapterErrors } from '../errors.ts';
import { withToolEnvironment } from '../shared/environment.ts';
import { type Command, findProgram, projectRoot, pythonDirectories, textOf } from '../shared/programs.ts';

/** A project of Alembic or of Flask-Migrate. */
export interface AlembicProject {
  readonly kind: 'alembic' | 'flask-migrate';
  /** Where the tool is run. */
  readonly root: string;
  /** Directory of the migrations, below the root. */
  readonly scripts: string;
  /** What it is known by. */
  readonly reason: string;
}

export const TITLES = { alembic: 'Alembic', 'flask-migrate': 'Flask-Migrate' } as const;

const FLASK = /flask_migrate|current_app/;

/** The project that a directory belongs to: its root or its migrations may be named. */
export async function findProject(host: Host, directory: string): Promise<AlembicProject | undefined> {
  const flaskRoot = await projectRoot(directory, async (at) => (await flaskScripts(host, at)) !== undefined);
  const flask = flaskRoot === undefined ? undefined : await flaskScripts(host, flaskRoot);
  if (flaskRoot !== undefined && flask !== undefined)
    return {
      kind: 'flask-migrate',
      root: flaskRoot,
      scripts: flask,
      reason: `${flask}/env.py of Flask-Migrate in ${flaskRoot}`,
    };
  const root = await projectRoot(directory, async (at) => (await alembicScripts(host, at)) !== undefined);
  if (root === undefined) return undefined;
  const scripts = (await alembicScripts(host, root)) ?? '';
  return { kind: 'alembic', root, scripts, reason: `alembic.ini in ${root}` };
}

/** Flask-Migrate keeps its alembic.ini among the migrations. */
async function flaskScripts(host: Host, root: string): Promise<string | undefined> {
  for (const name of ['migrations', 'alembic']) {
    if ((await textOf(host, root, name, 'alembic.ini')) === undefined) continue;
    if (FLASK.test((await textOf(host, root, name, 'env.py')) ?? '')) return name;
  }
  return undefined;
}

async function alembicScripts(host: Host, root: string): Promise<string | undefined> {
  const ini = await textOf(host, root, 'alembic.ini');
  const location = /^\s*script_location\s*=\s*(.+?)\s*$/m.exec(ini ?? '')?.[1];
  if (location !== undefined) return location.replaceAll('%(here)s', '.').replace(/^\.\//, '');
  const toml = await textOf(host, root, 'pyproject.toml');
  return /^\[tool\.alembic\]/m.test(toml ?? '')
    ? (/^\s*script_location\s*=\s*["'](.+?)["']/m.exec(toml ?? '')?.[1] ?? 'alembic')
    : undefined;
}

/**
 * How the tool may be called, the project's own first: what comes first on PATH may be of a Python that has it not.
 * Throws OpError when there is none.
 */
export async function commandsOf(
  place: Pick<Where, 'context' | 'host'>,
  project: AlembicProject,
): Promise<[Command, ...Command[]]> {
  const directories = [...new Set([...pythonDirectories(place, project.root), '/usr/bin'])];
  const name = project.kind === 'alembic' ? 'alembic' : 'flask';
  const first = project.kind === 'alembic' ? [] : ['db'];
  const found = await Promise.all(directories.map((directory) => findProgram(place.host, name, [directory])));
  const [own, ...others] = found.flatMap((program): Command[] =>
    program === undefined ? [] : [{ program, args: first }],
  );
  if (own !== undefined) return [own, ...others];
  const module = project.kind === 'alembic' ? 'alembic' : 'flask_migrate';
  for (const directory of directories) {
    const python = await findProgram(place.host, 'python3', [directory]);
    if (python !== undefined && (await has(place.host, python, module)))
      return [{ program: python, args: ['-m', name, ...first] }];
  }
  throw adapterErrors.noAlembic({ tool: TITLES[project.kind], root: project.root });
}

/** The first of them that has the tool, where there are several. Throws OpError when there is none. */
export async function workingCommand(
  place: Pick<Where, 'context' | 'host'>,
  project: AlembicProject,
): Promise<Command> {
  const commands = await commandsOf(place, project);
  for (const command of commands.length > 1 ? commands : []) {
    const result = await place.host
      .run(command.program, [...command.args, '--help'], { cwd: project.root, timeout: 20_000 })
      .catch(() => undefined);
    if (result !== undefined && !isNotInstalled(result)) return command;
  }
  return commands[0];
}

/** Its Python lacks it, or something that the project imports. */
export const isNotInstalled = ({ exitCode, stdout, stderr }: RunResult): boolean =>
  exitCode !== 0 &&
  /No such command 'db'|\b(ModuleNotFound|Import|DistributionNotFound)\w*\b|No module named|command not found/.test(
    `${stdout}\n${stderr}`,
  );

/** What merges the ends of the files. */
export const mergeCommand = ({ kind }: Pick<AlembicProject, 'kind'>): string =>
  `${kind === 'alembic' ? 'alembic' : 'flask db'} merge heads`;

/** The arguments of one call: the subcommand, then what it takes. */
export function callOf(
  command: Command,
  project: AlembicProject,
  [subcommand = '', ...rest]: readonly string[],
): Command {
  const directory =
    project.kind === 'flask-migrate' && project.scripts !== 'migrations'
      ? ['--directory', project.scripts]
      : [];
  return { program: command.program, args: [...command.args, subcommand, ...directory, ...rest] };
}

async function has(host: Host, python: string, module: string): Promise<boolean> {
  try {
    return (await host.run(python, ['-c', `import ${module}`], { timeout: 20_000 })).exitCode === 0;
  } catch {
    return false;
  }
}

/** Runs the tool to look at something: a write is refused by the server. */
export function look(where: Where, project: AlembicProject, call: Command): Promise<RunResult> {
  const { context, host, session } = where;
  return withToolEnvironment(
    {
      context,
      host,
      session,
      driver: 'libpq',
      applicationName: 'pgdeck-plan',
      lockTimeout: 3000,
      readOnly: true,
    },
    (env) =>
      host.run(call.program, call.args, {
        cwd: project.root,
        env: toolEnv(project, env),
        timeout: 60_000,
      }),
  );
}

/** Flask's application reads its database under this name, too. */
function toolEnv(
  project: AlembicProject,
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string | undefined> {
  return project.kind === 'flask-migrate'
    ? { ...env, SQLALCHEMY_DATABASE_URI: env.DATABASE_URL }
    : { ...env };
}

/** A file as it is shown: below the root. */
export function below(root: string, path: string): string {
  return path.startsWith(`${root}/`)
    ? path.slice(root.length + 1)
    : join(basename(dirname(path)), basename(path));
}
