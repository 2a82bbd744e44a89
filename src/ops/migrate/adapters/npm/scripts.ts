import { resolve } from 'node:path';
import { z } from 'zod';
import { splitWords } from '../../../schedule/words.ts';
import { findPackage, type Package } from '../shared/package-json.ts';
import { type Command, textOf } from '../shared/programs.ts';

const script = z.string().min(1);

/** `pgdeck.migrate` of package.json: scripts by their names, with what comes behind `--`. */
const configSchema = z.strictObject({
  status: script.optional(),
  up: script.optional(),
  down: script.optional(),
  /** With `{version}`, which stays: `db:rollback -- --to={version}`. */
  downTo: script.refine((text) => text.includes('{version}'), 'expected {version} in it').optional(),
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

export interface Project {
  readonly found: Package;
  readonly scripts: Scripts;
  /** What is run and where. */
  readonly cwd: string;
  readonly reason: string;
  /** Why the settings cannot be used. */
  readonly wrong: string | undefined;
}

/** The scripts that migrate: those that are named, else those whose names say it. */
export function findProject(directory: string): Project | undefined {
  const found = findPackage(directory);
  if (found === undefined) return undefined;
  const configured = (found.pgdeck as { migrate?: unknown } | undefined)?.migrate;
  if (configured === undefined) {
    const scripts = guess(found);
    if (scripts.up === undefined) return undefined;
    const names = [scripts.up, scripts.down].filter((one) => one !== undefined).join(', ');
    return {
      found,
      scripts,
      cwd: found.root,
      reason: `scripts ${names} in package.json of ${found.root}`,
      wrong: undefined,
    };
  }
  const parsed = configSchema.safeParse(configured);
  const reason = `pgdeck.migrate in package.json of ${found.root}`;
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const wrong = `pgdeck.migrate in package.json: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}.`;
    return { found, scripts: { parser: 'db' }, cwd: found.root, reason, wrong };
  }
  return {
    found,
    scripts: parsed.data,
    cwd: resolve(found.root, parsed.data.cwd ?? '.'),
    reason,
    wrong: undefined,
  };
}

const VERBS = {
  up: ['up', 'latest', 'run', 'deploy'],
  down: ['down', 'rollback', 'undo', 'revert'],
  status: ['status', 'show', 'list'],
} as const;
const SUBJECTS = ['migrate', 'db:migrate', 'migration', 'migrations', 'db:migration', 'db:migrations'];
const OTHERS: Readonly<Record<keyof typeof VERBS, readonly string[]>> = {
  up: ['db:migrate', 'migrate', 'db:up'],
  down: ['db:rollback', 'rollback', 'db:down'],
  status: ['db:status'],
};

/** Scripts that would do more than migrate. */
const RECKLESS = /\b(reset|fresh|drop|refresh|wipe|migrate dev|push)\b/;

function guess({ scripts }: Package): Scripts {
  const find = (what: keyof typeof VERBS): string | undefined => {
    const names = [
      ...SUBJECTS.flatMap((subject) => VERBS[what].map((verb) => `${subject}:${verb}`)),
      ...OTHERS[what],
    ];
    const name = names.find((one) => Object.hasOwn(scripts, one) && !RECKLESS.test(scripts[one] ?? ''));
    return name ?? undefined;
  };
  // "migrate": "node-pg-migrate" is called with what to do behind it
  const bare = Object.keys(scripts).find((name) =>
    /^(?:\S+ )*node-pg-migrate(?: -\S+(?: [^-\s]\S*)?)*$/.test(scripts[name] ?? ''),
  );
  const up = find('up');
  const down = find('down');
  const status = find('status');
  return {
    parser: 'auto',
    up: up === bare && bare !== undefined ? `${bare} -- up` : up,
    ...(down !== undefined ? { down } : bare !== undefined ? { down: `${bare} -- down` } : {}),
    ...(status !== undefined && { status }),
  };
}

/** How a script is called: `db:rollback -- --to={version}` with its version. */
export function callOf({ found }: Project, text: string, version?: string): Command {
  const [name = '', ...rest] = splitWords(text) ?? [text];
  const args = (rest[0] === '--' ? rest.slice(1) : rest).map((word) =>
    version === undefined ? word : word.replaceAll('{version}', version),
  );
  switch (managerOf(found)) {
    case 'pnpm':
      return { program: 'pnpm', args: ['--silent', 'run', name, ...args] };
    case 'yarn':
      return { program: 'yarn', args: ['run', name, ...args] };
    default:
      return { program: 'npm', args: ['--silent', 'run', name, ...(args.length > 0 ? ['--', ...args] : [])] };
  }
}

function managerOf({ root, packageManager }: Package): string {
  if (packageManager !== undefined) return packageManager.split('@')[0] ?? 'npm';
  if (textOf(root, 'pnpm-lock.yaml') !== undefined) return 'pnpm';
  if (textOf(root, 'yarn.lock') !== undefined) return 'yarn';
  return 'npm';
}
