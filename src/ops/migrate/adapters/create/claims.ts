import { join } from 'node:path';
import type { Host } from '../../../../hosts/host.ts';
import { shellWord } from '../../../../text/shell.ts';
import { dependsOn, findPackage } from '../shared/package-json.ts';
import { projectRoot, textOf } from '../shared/programs.ts';

/** A tool that a project depends on, where nothing of it has been begun that pgdeck could drive. */
export interface Claim {
  /** `Aerich, by pyproject.toml of /srv/shop`. */
  readonly by: string;
  /** What begins it, or makes pgdeck know it; a sentence. */
  readonly next: string;
}

const SCRIPTS =
  'name its scripts in package.json: "pgdeck": {"migrate": {"up": "…", "down": "…", "create": "…"}}';

/** Packages of npm, and what begins a migration with each. */
const OF_NODE: readonly (readonly [name: string, title: string, begin: string])[] = [
  ['node-pg-migrate', 'node-pg-migrate', 'npx node-pg-migrate create NAME'],
  ['knex', 'knex', 'npx knex init, then npx knex migrate:make NAME'],
  ['sequelize-cli', 'Sequelize', 'npx sequelize init, then npx sequelize migration:generate --name NAME'],
  ['prisma', 'Prisma', 'npx prisma migrate dev --name NAME'],
  ['drizzle-kit', 'Drizzle', 'npx drizzle-kit generate'],
  ['typeorm', 'TypeORM', 'npx typeorm migration:create DIRECTORY/NAME'],
  ['kysely-ctl', 'Kysely', 'npx kysely init, then npx kysely migrate:make NAME'],
  ['db-migrate', 'db-migrate', 'npx db-migrate create NAME'],
];

/** The same of Python; the first that is named. */
const OF_PYTHON: readonly (readonly [pattern: RegExp, title: string, begin: string])[] = [
  [/^\W*aerich\b/im, 'Aerich', 'aerich init -t MODULE.TORTOISE_ORM, then aerich init-db'],
  [/^\W*flask[-_]migrate\b/im, 'Flask-Migrate', 'flask db init'],
  [/^\W*alembic\b/im, 'Alembic', 'alembic init migrations'],
  [/^\W*django\b/im, 'Django', 'python manage.py makemigrations'],
];

const LISTS = /^(pyproject\.toml|Pipfile|setup\.(py|cfg)|requirements.*\.(txt|in))$/;

/** Whose migrations a project's would be, by what it depends on; undefined when nothing says. */
export async function claimOf(host: Host, directory: string): Promise<Claim | undefined> {
  return (await ofPython(host, directory)) ?? (await ofNode(host, directory));
}

async function ofNode(host: Host, directory: string): Promise<Claim | undefined> {
  const found = await findPackage(host, directory);
  if (found === undefined) return undefined;
  const [name, title, begin] = OF_NODE.find(([one]) => dependsOn(found, one)) ?? [];
  if (name !== undefined)
    return {
      by: `${title}, by package.json of ${found.root}`,
      next: `Begin with ${begin}, in ${shellWord(found.root)}; then ${SCRIPTS}.`,
    };
  const script = Object.keys(found.scripts).find(
    (one) => /migrat/i.test(one) && !/\bpgdeck\b/.test(found.scripts[one] ?? ''),
  );
  if (script === undefined) return undefined;
  return { by: `the script ${script} in package.json of ${found.root}`, next: `To use it, ${SCRIPTS}.` };
}

async function ofPython(host: Host, directory: string): Promise<Claim | undefined> {
  const hasManage = (at: string) => host.files.exists(join(at, 'manage.py'));
  const isRoot = async (at: string) => (await hasManage(at)) || (await listsOf(host, at)).length > 0;
  const root = await projectRoot(directory, isRoot);
  if (root === undefined) return undefined;
  for (const file of await listsOf(host, root)) {
    const text = (await textOf(host, root, file)) ?? '';
    const named = file === 'pyproject.toml' || file.startsWith('setup') ? spread(text) : text;
    const [, title, begin] = OF_PYTHON.find(([pattern]) => pattern.test(named)) ?? [];
    if (title !== undefined)
      return { by: `${title}, by ${file} of ${root}`, next: `Begin with ${begin}, in ${shellWord(root)}.` };
  }
  if (!(await hasManage(root))) return undefined;
  return { by: `Django, by manage.py of ${root}`, next: 'Begin with python manage.py makemigrations.' };
}

/** One dependency a line: `dependencies = ["aerich>=0.7", "x"]`. */
const spread = (text: string): string => text.replaceAll(/["'[,]\s*/g, '\n');

async function listsOf({ files }: Host, directory: string): Promise<string[]> {
  try {
    return (await files.list(directory))
      .map(({ name }) => name)
      .filter((name) => LISTS.test(name))
      .sort();
  } catch {
    return [];
  }
}
