import { join } from 'node:path';
import type { Session } from '../../db/session.ts';
import type { Host } from '../../hosts/host.ts';
import type { Field, OpContext } from '../engine/operation.ts';
import type { OpError } from '../error.ts';
import { migrateErrors } from './errors.ts';
import type { Migrations } from './files/migrations.ts';
import { FORMATS, formatNamed, formatOf, tableOf, USUAL } from './formats/registry.ts';
import type { MigrationAdapter, MigrationDirectory, Where } from './types.ts';

/** Which tool's migrations, and where. */
export interface ChosenTool {
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

/** Every adapter, our own first. */
async function adapters(): Promise<readonly MigrationAdapter[]> {
  const [{ sqlAdapter }, { loadAdapters }] = await Promise.all([
    import('./run/adapter.ts'),
    import('./adapters/registry.ts'),
  ]);
  return [sqlAdapter, ...(await loadAdapters())];
}

/** Formats that `--tool` names: our own for their files alone, where no adapter drives the tool. */
const undriven = (ids: readonly string[]) => FORMATS.filter(({ name }) => !ids.includes(name));

/** Those that `--tool` names. */
async function nameable(): Promise<readonly MigrationAdapter[]> {
  const [all, { sqlAdapterOf }] = await Promise.all([adapters(), import('./run/adapter.ts')]);
  return [...all, ...undriven(all.map(({ id }) => id)).map(sqlAdapterOf)];
}

/** A tool that knows a directory as its own. */
export interface Candidate {
  readonly adapter: MigrationAdapter;
  readonly place: MigrationDirectory;
  readonly why: string;
  /** SQL files beside its settings change nothing: see {@link MigrationAdapter.owns}. */
  readonly owns: boolean;
}

/**
 * Finds the migrations: what is named, else the first tool that knows the directory as its own. Throws
 * {@link OpError} when there are none.
 */
export async function choose(
  context: OpContext,
  { tool, dir }: Asked,
  more: Pick<Where, 'patience' | 'held'> = {},
): Promise<ChosenTool> {
  const session = await context.session(undefined, 'migration');
  const [first, ...others] = await candidates(context, { tool, dir });
  const chosen = first ?? (tool === undefined ? await toldByDatabase(context, session, dir) : undefined);
  if (chosen === undefined) throw await nothing(context, { tool, dir });
  const { adapter, place, why } = chosen;
  const { format } = adapter;
  const where = {
    ...place,
    ...(format !== undefined && { format }),
    session,
    ...more,
    ...(tool !== undefined && { tool }),
  };
  return { adapter, where, why, others: others.map((one) => one.adapter.id) };
}

/** Every tool that knows the directory, the one that is taken first. Reads files only. */
export async function candidates(context: OpContext, { tool, dir }: Asked): Promise<readonly Candidate[]> {
  const host = await context.at('migrations');
  const base = host.files.resolve(dir ?? '.');
  const found: Candidate[] = [];
  for (const adapter of await named(tool)) {
    for (const directory of await directoriesOf(host, adapter, base, dir)) {
      const place: MigrationDirectory = { context, host, directory };
      const why = await adapter.detect(place).catch((error) => {
        // what another tool cannot say is no matter once there is one
        if (found.length > 0) return undefined;
        throw error;
      });
      if (why === undefined) continue;
      found.push({ adapter, place, why, owns: (await adapter.owns?.(place)) === true });
      break;
    }
  }
  return inOrder(host, found);
}

/** SQL files that could be of several tools are of the one whose history is in the database. */
async function toldByDatabase(
  context: OpContext,
  session: Session,
  dir: string | undefined,
): Promise<Candidate | undefined> {
  const host = await context.at('migrations');
  const undecided = await undecidedIn(host, dir);
  if (undecided === undefined) return undefined;
  const [{ formatsIn }, { sqlAdapterOf }] = await Promise.all([
    import('./history/read.ts'),
    import('./run/adapter.ts'),
  ]);
  const there = await formatsIn(session);
  const [name, ...more] = undecided.rivals.filter((rival) => there.includes(rival));
  if (name === undefined || more.length > 0) return undefined;
  return {
    adapter: sqlAdapterOf(formatOf(name)),
    place: { context, host, directory: undecided.directory },
    why: `${undecided.files.length} files in ${undecided.directory}, and ${tableOf(name)} in the database`,
    owns: false,
  };
}

/** The first directory with SQL files of which nothing says whose they are. */
async function undecidedIn(host: Host, dir: string | undefined): Promise<Migrations | undefined> {
  const { readMigrations } = await import('./files/read.ts');
  for (const directory of await directoriesOf(host, { files: true }, host.files.resolve(dir ?? '.'), dir)) {
    const found = await readMigrations(host, directory);
    if (
      found.format === undefined &&
      (found.rivals.length > 0 || found.files.some((file) => /^\d/.test(file)))
    )
      return found;
  }
  return undefined;
}

async function named(tool: string | undefined): Promise<readonly MigrationAdapter[]> {
  if (tool === undefined) return adapters();
  const [{ sqlAdapter, sqlAdapterOf }, { ADAPTER_IDS, loadAdapter }] = await Promise.all([
    import('./run/adapter.ts'),
    import('./adapters/registry.ts'),
  ]);
  const formats = undriven(ADAPTER_IDS);
  const format = formats.find(({ name }) => name === tool);
  const one = tool === sqlAdapter.id ? sqlAdapter : format ? sqlAdapterOf(format) : await loadAdapter(tool);
  if (one !== undefined) return [one];
  const known = [sqlAdapter.id, ...ADAPTER_IDS, ...formats.map(({ name }) => name)];
  throw migrateErrors.noTool({ tool, known });
}

/** Whether what `--tool` names are files of SQL, which pgdeck writes where there are none yet. */
export const takesFiles = async (tool: string): Promise<boolean> =>
  formatNamed(tool) !== undefined || (await named(tool)).some(({ files }) => files);

/**
 * Whose settings are there comes before SQL files, which may have strayed there. SQL files with programs among them are
 * left to their own tool; a mistake in one of them changes nobody's tool.
 */
async function inOrder({ files }: Host, found: readonly Candidate[]): Promise<readonly Candidate[]> {
  const [first, ...others] = [...found.filter(({ owns }) => owns), ...found.filter(({ owns }) => !owns)];
  if (first === undefined) return [];
  if (!first.adapter.files || others.length === 0) return [first, ...others];
  const { isProgram } = await import('./files/read.ts');
  const there = await files.list(first.place.directory);
  return there.some(({ name }) => isProgram(name)) ? [...others, first] : [first, ...others];
}

/** A team's tool is where its settings are; SQL files may be below. */
async function directoriesOf(
  { files }: Host,
  { files: own }: Pick<MigrationAdapter, 'files'>,
  base: string,
  dir: string | undefined,
): Promise<string[]> {
  if (!own) return [base];
  const paths = (dir === undefined ? USUAL : ['.', ...USUAL]).map((name) => join(base, name));
  const there = await Promise.all(paths.map((path) => files.exists(path)));
  return paths.filter((_, at) => there[at]);
}

/** Why there is nothing to choose from, with whose project it is, as far as that is known. */
export async function nothing(context: OpContext, { tool, dir }: Asked): Promise<OpError> {
  const host = await context.at('migrations');
  const base = host.files.resolve(dir ?? '.');
  const [only] = tool === undefined ? [] : await named(tool);
  if (only !== undefined) return migrateErrors.notOfTool({ directory: base, tool: only.title });
  const { claimOf } = await import('./adapters/create/claims.ts');
  const claim = await claimOf(host, base);
  const undecided = claim === undefined ? await undecidedIn(host, dir) : undefined;
  if (undecided !== undefined) {
    const { directory, files, rivals } = undecided;
    return migrateErrors.undecided({ directory, files, formats: rivals.map(formatOf) });
  }
  return migrateErrors.nothing({ directory: base, below: USUAL.slice(0, 2), claim });
}

export const chooseFields = {
  tool: {
    title: 'Tool',
    hint: 'whose migrations they are; detected from the files without it',
    standard: () => 'detected',
    placeholder: 'tool',
    choices: async () => (await nameable()).map(({ id, title }) => ({ value: id, hint: title })),
  },
  dir: {
    title: 'Directory',
    hint: 'with the migrations, or the project of the tool; without it the usual ones below this directory',
    standard: () => 'detected',
    placeholder: 'dir',
  },
} satisfies Record<string, Field>;
