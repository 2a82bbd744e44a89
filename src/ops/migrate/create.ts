import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { OpError } from '../error.ts';
import { defineOperation } from '../operation.ts';
import { FORMATS, type Format, type Migration } from './files/migration.ts';
import { readMigrations } from './files/read.ts';

const USUAL = ['db/migrations', 'migrations'];

/** `pgdeck migrate create`: an empty migration, to be filled with SQL. */
export const create = defineOperation({
  id: 'migrate create',
  input: z.object({
    name: z
      .string()
      .regex(
        /^[\p{L}\p{N}][\p{L}\p{M}\p{N} _-]*$/u,
        'expected letters, digits, blanks, dashes and underscores',
      ),
    format: z.enum(FORMATS).optional(),
    dir: z.string().optional(),
  }),
  fields: {
    name: { title: 'Name', hint: 'what it does: add_users', argument: true },
    format: {
      title: 'Format',
      hint: 'how the files are written; as those that are there, else as dbmate has them',
    },
    dir: {
      title: 'Directory',
      hint: 'with the migrations; it is made where it is not there',
      placeholder: 'dir',
    },
  },
  plan: async ({ name, format: asked, dir }, context) => {
    const there = USUAL.find((one) => existsSync(resolve(one)));
    const directory = resolve(dir ?? there ?? 'db/migrations');
    const found = existsSync(directory) ? await readMigrations(directory) : undefined;
    if (asked !== undefined && found?.format !== undefined && asked !== found.format)
      throw new OpError(
        'refused',
        `The migrations in ${directory} are written for ${found.format}, and not for ${asked}.`,
        'Leave --format out, or name another directory.',
      );
    const format = asked ?? found?.format ?? 'dbmate';
    const files = filesOf(
      format,
      name.trim().replaceAll(/[\s-]+/g, '_'),
      found?.migrations ?? [],
      context.now(),
    );
    const paths = files.map(([file]) => join(directory, file));
    return {
      operation: 'migrate create',
      title: `Create the migration ${name}`,
      subject: name,
      danger: 'none',
      writes: false,
      server: directory,
      input: { name, format, dir: directory },
      facts: [
        { label: 'Directory', value: directory },
        { label: 'Format', value: format },
      ],
      checks: [],
      steps: [
        {
          id: 'write',
          title: files.length === 1 ? 'Write the file' : 'Write the files',
          preview: files.map(([file, text]) => `# ${file}\n${text}`).join('\n'),
          run: async (io) => {
            mkdirSync(directory, { recursive: true });
            for (const [file, text] of files) writeNew(join(directory, file), text);
            for (const path of paths) io.line(path, 'stdout');
          },
          rollback: async () => {
            // a file that somebody else made is not ours to remove: it has another text
            for (const [at, path] of paths.entries())
              if (existsSync(path) && (await sameText(path, files[at]?.[1]))) unlinkSync(path);
          },
        },
      ],
    };
  },
});

async function sameText(path: string, text: string | undefined): Promise<boolean> {
  const { readFile } = await import('node:fs/promises');
  return (await readFile(path, 'utf8')) === text;
}

function writeNew(path: string, text: string): void {
  const file = openSync(path, 'wx');
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

type File = readonly [name: string, text: string];

/** In the way of the files that are there: numbered where those are, else by the time. */
function filesOf(format: Format, name: string, migrations: readonly Migration[], now: Date): File[] {
  const stamp = now.toISOString().slice(0, 19).replaceAll(/[-T:]/g, '');
  const last = migrations.at(-1);
  const counted = last === undefined ? format === 'flyway' : /^\d{1,9}(\.\d+)*$/.test(last.version);
  const width = /^V?0*\d+/.exec(last?.file ?? '')?.[0].replace('V', '').length ?? 0;
  const next = String(Number(/^\d+/.exec(last?.version ?? '0')?.[0]) + 1).padStart(width, '0');
  const version = counted
    ? next
    : format === 'node-pg-migrate' && (last === undefined || last.version.length === 13)
      ? String(now.getTime())
      : stamp;
  switch (format) {
    case 'dbmate':
      return [[`${version}_${name}.sql`, '-- migrate:up\n\n\n-- migrate:down\n\n']];
    case 'node-pg-migrate':
      return [[`${version}_${name}.sql`, '-- Up Migration\n\n\n-- Down Migration\n\n']];
    case 'goose':
      return [[`${version}_${name}.sql`, '-- +goose Up\n\n\n-- +goose Down\n\n']];
    case 'golang-migrate':
      return [
        [`${version}_${name}.up.sql`, ''],
        [`${version}_${name}.down.sql`, ''],
      ];
    case 'flyway':
      return [
        [`V${version}__${name}.sql`, ''],
        [`U${version}__${name}.sql`, ''],
      ];
  }
}
