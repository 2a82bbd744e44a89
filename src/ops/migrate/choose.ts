import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { OpContext } from '../context.ts';
import { OpError } from '../error.ts';
import type { Field } from '../operation.ts';
import type { MigrationAdapter, Where } from './types.ts';

/** Where SQL migrations usually are, below the project's directory. */
const USUAL = ['db/migrations', 'migrations', 'database/migrations', 'sql/migrations', 'db/migrate', '.'];

/** Which tool's migrations, and where. */
export interface Choice {
  readonly adapter: MigrationAdapter;
  readonly where: Where;
  /** Why this one: `10 files of dbmate in …/db/migrations`. */
  readonly why: string;
  /** Ids of others that would fit, too. */
  readonly others: readonly string[];
}

export interface Asked {
  readonly tool?: string | undefined;
  readonly dir?: string | undefined;
}

/** Every adapter, our own first. Each is loaded when it is needed. */
export async function adapters(): Promise<readonly MigrationAdapter[]> {
  const [{ sqlAdapter }, { loadAdapters }] = await Promise.all([
    import('./run/adapter.ts'),
    import('./adapters/registry.ts'),
  ]);
  return [sqlAdapter, ...(await loadAdapters())];
}

/**
 * Finds the migrations: what is named, else the first tool that knows the directory as its own. Throws
 * {@link OpError} when there are none.
 */
export async function choose(
  context: OpContext,
  { tool, dir }: Asked,
  more: Pick<Where, 'patience' | 'held'> = {},
): Promise<Choice> {
  const all = await adapters();
  const named = tool === undefined ? all : all.filter(({ id }) => id === tool);
  if (named.length === 0)
    throw new OpError(
      'refused',
      `There is no tool ${tool}.`,
      `Known are: ${all.map(({ id }) => id).join(', ')}.`,
    );
  const session = await context.session(undefined, 'migration');
  const base = resolve(dir ?? '.');
  const found: Choice[] = [];
  for (const adapter of named) {
    for (const directory of directoriesOf(adapter, base, dir)) {
      const where: Where = { context, session, directory, ...more };
      const why = await adapter.detect(where).catch((error) => {
        // what another tool cannot say is no matter once there is one
        if (found.length > 0) return undefined;
        throw error;
      });
      if (why === undefined) continue;
      found.push({ adapter, where, why, others: [] });
      break;
    }
  }
  const [first, ...others] = await inOrder(found);
  if (first === undefined) throw nothing(base, named, tool);
  return { ...first, others: others.map(({ adapter }) => adapter.id) };
}

/** SQL files with programs among them are left to their own tool; a mistake in one of them changes nobody's tool. */
async function inOrder(found: readonly Choice[]): Promise<readonly Choice[]> {
  const [first, ...others] = found;
  if (first?.adapter.id !== 'sql' || others.length === 0) return found;
  const { isProgram } = await import('./files/read.ts');
  return readdirSync(first.where.directory).some(isProgram) ? [...others, first] : found;
}

/** A team's tool is where its settings are; SQL files may be below. */
function directoriesOf({ id }: MigrationAdapter, base: string, dir: string | undefined): string[] {
  if (id !== 'sql') return [base];
  return (dir === undefined ? USUAL : ['.', ...USUAL])
    .map((name) => join(base, name))
    .filter((path) => existsSync(path));
}

function nothing(base: string, named: readonly MigrationAdapter[], tool: string | undefined): OpError {
  const [only] = tool === undefined ? [] : named;
  return new OpError(
    'refused',
    only === undefined
      ? `There are no migrations in ${base}, or in ${USUAL.slice(0, 2).join(' or ')} below it.`
      : `${base} is no directory of ${only.title}.`,
    'Name it with --dir, or begin with: pgdeck migrate create NAME',
  );
}

export const chooseFields = {
  tool: {
    title: 'Tool',
    hint: 'whose migrations they are; found out by the files without it',
    placeholder: 'tool',
    choices: async () => (await adapters()).map(({ id, title }) => ({ value: id, hint: title })),
  },
  dir: {
    title: 'Directory',
    hint: 'with the migrations, or the project of the tool; without it the usual ones below this directory',
    placeholder: 'dir',
  },
} satisfies Record<string, Field>;
