import { resolve } from 'node:path';
import { z } from 'zod';
import type { Host } from '../../../../hosts/host.ts';
import { splitWords } from '../../../../text/shell.ts';
import { findPackage, type Package } from '../shared/package-json.ts';
import { type Command, textOf } from '../shared/programs.ts';
import { type ToolCall, toolCallOf } from './calls.ts';
import { commandsOf } from './commands.ts';

const script = z.string().min(1);

/** `pgdeck.migrate` of package.json: scripts by their names, with what comes behind `--`. */
const configSchema = z.strictObject({
  status: script.optional(),
  up: script.optional(),
  down: script.optional(),
  /**
   * With `{version}`, which stays, or `{first}`, the oldest that is taken back: `db:rollback -- --to={version}`,
   * `db:undo:all -- --to {first}`.
   */
  downTo: script
    .refine((text) => /\{(version|first)\}/.test(text), 'expected {version} or {first} in it')
    .optional(),
  /** The name comes where `{name}` is, else at the end: `db:make -- --name {name}`. */
  create: script.optional(),
  /** Where they are run, below the package. */
  cwd: script.optional(),
  /** How the output of `status` is read: `auto`, `db` (it is not), or a regular expression with `name` and `state`. */
  parser: script.refine(isPattern, 'expected auto, db or a regular expression').default('auto'),
});

function isPattern(text: string): boolean {
  try {
    return new RegExp(text) instanceof RegExp;
  } catch {
    return false;
  }
}

export type Scripts = z.output<typeof configSchema>;

export interface ScriptsProject {
  readonly found: Package;
  readonly scripts: Scripts;
  /** Who runs them: npm, pnpm, yarn. */
  readonly manager: string;
  /** What is run and where. */
  readonly cwd: string;
  readonly reason: string;
  /** They are named below pgdeck.migrate. */
  readonly configured: boolean;
  /** Why the settings cannot be used. */
  readonly wrong: string | undefined;
}

/** The scripts that migrate: those that are named, else those whose names say it. */
export async function findProject(host: Host, directory: string): Promise<ScriptsProject | undefined> {
  const found = await findPackage(host, directory);
  if (found === undefined) return undefined;
  const manager = await managerOf(host, found);
  const configured = (found.pgdeck as { migrate?: unknown } | undefined)?.migrate;
  if (configured === undefined) {
    const scripts = guess(found);
    if (scripts.up === undefined) return undefined;
    const names = [scripts.up, scripts.down].filter((one) => one !== undefined).join(', ');
    return {
      found,
      scripts,
      manager,
      cwd: found.root,
      configured: false,
      reason: `scripts ${names} in package.json of ${found.root}`,
      wrong: undefined,
    };
  }
  const parsed = configSchema.safeParse(configured);
  const reason = `pgdeck.migrate in package.json of ${found.root}`;
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const wrong = `pgdeck.migrate in package.json: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}.`;
    return { found, scripts: { parser: 'db' }, manager, cwd: found.root, configured: true, reason, wrong };
  }
  return {
    found,
    scripts: parsed.data,
    manager,
    cwd: resolve(found.root, parsed.data.cwd ?? '.'),
    configured: true,
    reason,
    wrong: undefined,
  };
}

const VERBS = {
  up: ['up', 'latest', 'run', 'deploy', 'all'],
  down: ['down', 'rollback', 'undo', 'revert'],
  status: ['status', 'show', 'list'],
  create: ['make', 'create', 'generate', 'new'],
} as const;
type Verb = keyof typeof VERBS;
const SUBJECTS = ['migrate', 'db:migrate', 'migration', 'migrations', 'db:migration', 'db:migrations'];
const OTHERS: Readonly<Record<Verb, readonly string[]>> = {
  up: ['db:migrate', 'migrate', 'db:up'],
  down: ['db:rollback', 'rollback', 'db:down'],
  status: ['db:status'],
  create: [],
};

/** Scripts that would do more than migrate. */
const RECKLESS = /\b(reset|fresh|drop|refresh|wipe|migrate dev|push)\b/;

/** Scripts by their names, else by a tool that their text calls and nothing else. */
function guess(found: Package): Scripts {
  const { scripts } = found;
  const callsOf = (name: string) => commandsOf(found, name).map((words) => toolCallOf(words));
  const reckless = (name: string) =>
    commandsOf(found, name).some((words) => RECKLESS.test(words.join(' ')) || words[0] === 'pgdeck');
  // one that takes everything back is told of when there is no other
  const gentle = (name: string) => !callsOf(name).some((call) => call?.down?.kind === 'all');
  const find = (what: Verb): string | undefined => {
    const names = [
      ...SUBJECTS.flatMap((subject) => VERBS[what].map((verb) => `${subject}:${verb}`)),
      ...OTHERS[what],
    ].filter((name) => Object.hasOwn(scripts, name) && !reckless(name));
    // what a name promises the text may not keep
    const kept = names.filter((name) => callsOf(name).every((call) => !call || fits(call, what)));
    // one that does something else is refused with what it does, when it is to be run
    const told = what === 'up' || what === 'down' ? names[0] : undefined;
    return kept.find(gentle) ?? kept[0] ?? byText(what) ?? told;
  };
  const byText = (what: Verb): string | undefined =>
    Object.keys(scripts).find((name) => {
      const [only, ...more] = callsOf(name);
      return more.length === 0 && only?.does === what && gentle(name) && !reckless(name);
    });
  // "migrate": "node-pg-migrate" is called with what to do behind it
  const bare = Object.keys(scripts).find((name) =>
    /^(?:\S+ )*node-pg-migrate(?: -\S+(?: [^-\s]\S*)?)*$/.test(scripts[name] ?? ''),
  );
  const up = find('up');
  const down = find('down');
  const status = find('status');
  const create = find('create');
  return {
    parser: 'auto',
    up: up === bare && bare !== undefined ? `${bare} -- up` : up,
    ...(down !== undefined ? { down } : bare !== undefined ? { down: `${bare} -- down` } : {}),
    ...(status !== undefined && { status }),
    ...(create !== undefined ? { create } : bare !== undefined ? { create: `${bare} -- create` } : {}),
  };
}

function fits({ does }: ToolCall, what: Verb): boolean {
  return does === what || does === 'other';
}

/** The name of a script, and what is given to it: `db:rollback -- --to={version}` with its version. */
function wordsOf(text: string, values: Readonly<Record<string, string | undefined>>): [string, ...string[]] {
  const [name = '', ...rest] = splitWords(text) ?? [text];
  const args = (rest[0] === '--' ? rest.slice(1) : rest).map((word) =>
    word.replaceAll(/\{(\w+)\}/g, (all, key: string) => values[key] ?? all),
  );
  return [name, ...args];
}

/** The migration tools that a script calls, by its text; empty where it is not known. */
export function toolCallsOf(
  { found }: Pick<ScriptsProject, 'found'>,
  text: string,
  values: Readonly<Record<string, string | undefined>> = {},
): ToolCall[] {
  const [name, ...args] = wordsOf(text, values);
  return commandsOf(found, name, args).flatMap((words) => toolCallOf(words) ?? []);
}

/** The tool behind the scripts, as its history is signed; undefined where their text does not say. */
export function toolOf(project: Pick<ScriptsProject, 'found' | 'scripts'>): string | undefined {
  const { up, down, status, create } = project.scripts;
  return [up, down, status, create]
    .flatMap((text) => (text === undefined ? [] : toolCallsOf(project, text)))
    .map(({ tool }) => tool)
    .at(0);
}

/** How a script is called, with the values of what stands in braces. */
export function callOf(
  { manager }: ScriptsProject,
  text: string,
  values: Readonly<Record<string, string | undefined>> = {},
): Command {
  const [name, ...args] = wordsOf(text, values);
  switch (manager) {
    case 'pnpm':
      return { program: 'pnpm', args: ['--silent', 'run', name, ...args] };
    case 'yarn':
      return { program: 'yarn', args: ['run', name, ...args] };
    default:
      return { program: 'npm', args: ['--silent', 'run', name, ...(args.length > 0 ? ['--', ...args] : [])] };
  }
}

async function managerOf(host: Host, { root, packageManager }: Package): Promise<string> {
  if (packageManager !== undefined) return packageManager.split('@')[0] ?? 'npm';
  if ((await textOf(host, root, 'pnpm-lock.yaml')) !== undefined) return 'pnpm';
  if ((await textOf(host, root, 'yarn.lock')) !== undefined) return 'yarn';
  return 'npm';
}
