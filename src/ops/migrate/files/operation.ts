import { dirname, join } from 'node:path';
import { z } from 'zod';
import type { Host } from '../../../hosts/host.ts';
import { plural } from '../../../text/units.ts';
import type { OpContext } from '../../engine/operation.ts';
import { defineOperation } from '../../engine/operation.ts';
import type { Check, Plan } from '../../engine/plan.ts';
import { typed } from '../../programs/typed.ts';
import { type Candidate, candidates, chooseFields, nothing, takesFiles } from '../choose.ts';
import { migrateErrors } from '../errors.ts';
import {
  formatNamed,
  formatOf,
  MIGRATION_FORMATS,
  type MigrationFormat,
  USUAL,
} from '../formats/registry.ts';
import { DEFAULT_FORMAT, newMigration } from './create.ts';
import { fileErrors } from './errors.ts';
import type { Migrations } from './migrations.ts';
import { readMigrations } from './read.ts';

/** Begins a migration: with the team's own tool, else an empty file that is named as the others are. */
export const migrateCreate = defineOperation({
  id: 'migrate create',
  input: z.object({
    name: z.string().regex(/[\p{L}\p{N}]/u, 'expected a name with letters: add_users'),
    autogenerate: z.boolean().default(false),
    format: z.enum(MIGRATION_FORMATS).optional(),
    tool: z.string().optional(),
    dir: z.string().optional(),
  }),
  fields: {
    name: { title: 'Name', hint: 'what it does, in a few words: add_users', argument: true },
    autogenerate: {
      title: 'From the models',
      hint: 'what Alembic or Flask-Migrate finds that the models have and the database has not; shown before it is kept',
      when: (raw) => raw.format === undefined || raw.format === '',
    },
    format: {
      title: 'Format',
      hint: 'whose way of writing SQL migrations, where the directory has none yet; dbmate without it',
      standard: () => 'that of the directory, else dbmate',
    },
    tool: {
      title: 'Tool',
      hint: 'who creates it; detected from the files without it, sql for a file of pgdeck',
      standard: () => 'detected',
      placeholder: 'tool',
      choices: chooseFields.tool.choices,
    },
    dir: {
      title: 'Directory',
      hint: 'with the migrations, or the project of the tool; without it the usual ones below this directory',
      standard: () => 'detected',
      placeholder: 'dir',
    },
  },
  plan: async (input, context) => {
    const { name, autogenerate } = input;
    const owner = await ownerOf(input, context);
    if (owner?.adapter.create !== undefined) {
      const creation = await owner.adapter.create(owner.place, { name, autogenerate });
      const { planCreation } = await import('../adapters/create/plan.ts');
      const shown = { ...input, tool: owner.adapter.id, dir: owner.place.directory };
      return planCreation(owner.place, creation, { why: owner.why, input: shown });
    }
    if (autogenerate) throw fileErrors.noModels();
    return planFiles(input, owner?.place.directory, context);
  },
});

interface Input {
  readonly name: string;
  readonly format?: MigrationFormat | undefined;
  readonly tool?: string | undefined;
  readonly dir?: string | undefined;
}

/**
 * Whose migration it is to be; undefined for SQL files where there are none yet. Throws OpError where that is for a
 * person to say: a file that is not the project's own would take the project over.
 */
async function ownerOf({ tool, dir, format }: Input, context: OpContext): Promise<Candidate | undefined> {
  const host = await context.at('migrations');
  const found = await candidates(context, { tool, dir });
  const [first] = found;
  if (tool !== undefined && (first === undefined ? await takesFiles(tool) : first.adapter.files))
    return first;
  if (first === undefined) {
    if (tool !== undefined) throw await nothing(context, { tool, dir });
    if (format !== undefined) return undefined;
    const { claimOf } = await import('../adapters/create/claims.ts');
    const claim = await claimOf(host, host.files.resolve(dir ?? '.'));
    if (claim === undefined) return undefined;
    throw fileErrors.claimed({ by: claim.by, begin: claim.next });
  }
  const sql = found.find(({ adapter }) => adapter.files);
  const factsOf = ({ adapter, why }: Candidate) => ({ id: adapter.id, title: adapter.title, why });
  const owner = factsOf(first);
  if (tool === undefined && first.owns && sql !== undefined)
    throw fileErrors.twoOwners({ owner, sql: factsOf(sql) });
  // files that pgdeck writes as the tool would
  if (first.adapter.create === undefined) return sql ?? (await candidates(context, { tool: 'sql', dir }))[0];
  if (format !== undefined) throw fileErrors.ownFormat({ owner });
  const asked = dir === undefined ? undefined : host.files.resolve(dir);
  if (tool === undefined && asked !== undefined && !first.owns && (await isBare(host, asked)))
    throw fileErrors.empty({ directory: asked, owner });
  return first;
}

const isBare = async ({ files }: Host, directory: string): Promise<boolean> =>
  !(await files.exists(directory)) || (await files.list(directory)).length === 0;

/** Files of SQL, as the others that are there. */
async function planFiles(
  { name, format, tool, dir }: Input,
  there: string | undefined,
  context: OpContext,
): Promise<Plan> {
  const host = await context.at('migrations');
  const asked = format ?? formatNamed(tool);
  const found = await filesFor(host, { there, dir, asked });
  if (format !== undefined && found.format !== undefined && found.format !== format)
    throw fileErrors.otherFormat({ directory: found.directory, format: found.format });
  const { directory, migrations } = found;
  const files = newMigration({ format: found.format ?? asked, migrations }, name, context.now());
  const paths = files.map(({ file }) => join(directory, file));
  const written: string[] = [];
  const exist = await Promise.all(paths.map((path) => host.files.exists(path)));
  const taken = paths.find((_, at) => exist[at]);
  const check: Check =
    taken === undefined
      ? { title: 'name', status: 'ok', detail: 'there is no such file yet' }
      : { title: 'name', status: 'block', detail: `${taken} exists; give another name` };
  return {
    operation: 'migrate create',
    title: `Create the migration ${files[0]?.file}`,
    subject: directory,
    danger: 'none',
    writes: false,
    server: directory,
    input: { name, format: found.format ?? asked ?? DEFAULT_FORMAT, tool, dir: directory },
    facts: [{ label: 'Directory', value: `${directory}, ${plural(migrations.length, 'migration')}` }],
    checks: [check],
    steps: [
      {
        id: 'files',
        title: files.length === 1 ? 'Write the file' : 'Write the files',
        preview: paths.join('\n'),
        run: async (io) => {
          await host.files.makeDirectory(directory);
          for (const [at, { text }] of files.entries()) {
            const path = paths[at] ?? '';
            await host.files.makeDirectory(dirname(path));
            // somebody else's file of that name stays
            await host.files.create(path, text);
            written.push(path);
            io.line(path, 'stdout');
          }
        },
        rollback: async () => {
          for (const path of written) await host.files.remove(path);
        },
      },
    ],
    leaves: ({ takenBack }) => (takenBack ? 'No file was made.' : `Look for leftovers: ${paths.join(', ')}`),
    reaches: () => `The database was not touched; new: ${paths.join(', ')}.`,
    undo: { command: typed(host, [{ command: 'rm', args: paths }]) },
  };
}

/** The files that it is to follow. Throws OpError where it is not certain whose they are. */
async function filesFor(
  host: Host,
  {
    there,
    dir,
    asked,
  }: { there: string | undefined; dir: string | undefined; asked: MigrationFormat | undefined },
): Promise<Migrations> {
  const found = there === undefined ? await directoryFor(host, dir) : await readMigrations(host, there);
  const { directory, files, rivals } = found;
  if (found.format !== undefined || files.length === 0) return found;
  if (asked !== undefined) return readMigrations(host, directory, asked);
  if (rivals.length > 0) throw migrateErrors.undecided({ directory, files, formats: rivals.map(formatOf) });
  return found;
}

/** The directory that is named, else the first usual one that has migrations, else a new one. */
async function directoryFor(host: Host, dir: string | undefined): Promise<Migrations> {
  const { resolve, exists } = host.files;
  if (dir !== undefined) return readMigrations(host, resolve(dir));
  for (const usual of USUAL) {
    const path = resolve(usual);
    if (!(await exists(path))) continue;
    const found = await readMigrations(host, path);
    if (found.format !== undefined) return found;
  }
  return readMigrations(host, resolve('db/migrations'));
}
