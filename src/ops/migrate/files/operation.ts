import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { OpError } from '../../error.ts';
import { type Check, defineOperation } from '../../operation.ts';
import { newMigration } from './create.ts';
import { FORMATS, type Migrations } from './migration.ts';
import { readMigrations } from './read.ts';

/** Where SQL migrations usually are, below a project's directory. */
const USUAL = ['db/migrations', 'migrations', 'database/migrations', 'sql/migrations', 'db/migrate', '.'];

/** Begins a migration: an empty file that is named as the others are. */
export const migrateCreate = defineOperation({
  id: 'migrate create',
  input: z.object({
    name: z.string().regex(/[\p{L}\p{N}]/u, 'expected a name with letters: add_users'),
    format: z.enum(FORMATS).optional(),
    dir: z.string().optional(),
  }),
  fields: {
    name: { title: 'Name', hint: 'what it does, in a few words: add_users', argument: true },
    format: {
      title: 'Format',
      hint: 'whose way of writing migrations, where the directory has none yet; dbmate without it',
    },
    dir: {
      title: 'Directory',
      hint: 'with the migrations; without it the usual ones below this directory',
      placeholder: 'dir',
    },
  },
  plan: async ({ name, format, dir }, context) => {
    const found = await directoryFor(dir);
    if (format !== undefined && found.format !== undefined && found.format !== format)
      throw new OpError(
        'refused',
        `The files in ${found.directory} are written for ${found.format}.`,
        'Leave --format out, or name another directory with --dir.',
      );
    const { directory, migrations } = found;
    const files = newMigration({ format: found.format ?? format, migrations }, name, context.now());
    const paths = files.map(({ file }) => join(directory, file));
    const written: string[] = [];
    const taken = paths.find((path) => existsSync(path));
    const check: Check =
      taken === undefined
        ? { title: 'name', status: 'ok', detail: 'there is no such file yet' }
        : { title: 'name', status: 'block', detail: `${taken} exists; give another name` };
    return {
      operation: 'migrate create',
      title: `Begin the migration ${files[0]?.file}`,
      subject: directory,
      danger: 'none',
      writes: false,
      server: directory,
      input: { name, format: found.format ?? format ?? 'dbmate', dir: directory },
      facts: [{ label: 'Directory', value: `${directory}, ${migrations.length} migrations` }],
      checks: [check],
      steps: [
        {
          id: 'files',
          title: files.length === 1 ? 'Write the file' : 'Write the files',
          preview: paths.join('\n'),
          run: async (io) => {
            mkdirSync(directory, { recursive: true });
            for (const [at, { text }] of files.entries()) {
              const path = paths[at] ?? '';
              // somebody else's file of that name stays
              writeFileSync(path, text, { flag: 'wx' });
              written.push(path);
              io.line(path, 'stdout');
            }
          },
          rollback: async () => {
            for (const path of written) rmSync(path, { force: true });
          },
        },
      ],
      undo: { command: `rm ${paths.map((path) => `'${path.replaceAll("'", "'\\''")}'`).join(' ')}` },
    };
  },
});

/** The directory that is named, else the first usual one that has migrations, else a new one. */
async function directoryFor(dir: string | undefined): Promise<Migrations> {
  if (dir !== undefined) return readMigrations(resolve(dir));
  for (const usual of USUAL) {
    const path = resolve(usual);
    if (!existsSync(path)) continue;
    const found = await readMigrations(path);
    if (found.format !== undefined) return found;
  }
  const directory = resolve('db/migrations');
  return { directory, format: undefined, migrations: [], problems: [] };
}
