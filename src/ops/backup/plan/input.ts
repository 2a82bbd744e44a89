import { z } from 'zod';
import { fullName } from '../../../db/ident.ts';
import { backupDatabases } from '../../../db/queries/backup/facts.ts';
import { bytes } from '../../../text/units.ts';
import type { Field, FieldChoice, OpContext, RawInput } from '../../engine/operation.ts';
import { ARCHIVE_FORMATS } from '../../repository/manifest.ts';
import { repositoryDirectory } from '../../repository/repository.ts';
import { backupRelations, backupSchemas } from '../queries/relations.ts';

const names = z.array(z.string().min(1)).default([]);

export const backupInput = z.object({
  database: names,
  all_databases: z.boolean().default(false),
  dir: z.string().optional(),
  label: z.string().max(200, 'expected 200 characters at most').optional(),
  format: z.enum(ARCHIVE_FORMATS).optional(),
  jobs: z.number().int().min(1, 'expected 1 or more').max(64, 'expected 64 at most').optional(),
  compress: z.string().optional(),
  schema: names,
  table: names,
  schema_only: z.boolean().default(false),
  data_only: z.boolean().default(false),
  no_globals: z.boolean().default(false),
  ignore_space: z.boolean().default(false),
  after: z.string().min(1).optional(),
});

export type BackupInput = z.output<typeof backupInput>;

const all = (raw: RawInput) => raw.all_databases === true;
/** The database whose tables and schemas can be chosen: with several there is none. */
const single = (raw: RawInput) => !all(raw) && listed(raw.database).length <= 1;

export const backupFields: Readonly<Record<keyof BackupInput, Field>> = {
  database: {
    title: 'Databases',
    hint: 'database to back up; the connected one without it',
    placeholder: 'name',
    standard: ({ target }) => target.database,
    choices: databaseChoices,
    when: (raw) => !all(raw),
  },
  all_databases: {
    title: 'All databases',
    hint: 'every database of the server that this role may connect to, without templates',
  },
  dir: {
    title: 'Repository',
    hint: "where backups are kept (default: BACKUP_DIR, the profile's, else ~/.local/share/pgdeck/backups)",
    placeholder: 'dir',
    standard: (known) => repositoryDirectory(known),
  },
  label: {
    title: 'Label',
    hint: 'a word or two that the list shows: before-upgrade',
    placeholder: 'text',
    standard: () => 'none',
  },
  format: {
    title: 'Format',
    hint: "custom: one file; directory: one per table, in parallel; plain: SQL (default: the profile's, else custom)",
    standard: ({ backup }) => backup.format ?? 'custom',
  },
  jobs: {
    title: 'Jobs',
    hint: 'tables that are dumped at the same time, each over its own connection (directory only)',
    placeholder: 'n',
    standard: ({ backup }, { format }) =>
      String((format || backup.format) === 'directory' ? (backup.jobs ?? 1) : 1),
    when: (raw) => raw.format === undefined || raw.format === '' || raw.format === 'directory',
  },
  compress: {
    title: 'Compression',
    hint: 'none, gzip:1 to gzip:9, zstd:1 to zstd:19 (default: gzip:1, zstd:3 where pg_dump has it)',
    placeholder: 'method:level',
    standard: ({ backup }) => backup.compress ?? 'gzip:1, or zstd:3 where pg_dump has it',
  },
  schema: {
    title: 'Schemas',
    hint: 'only the rows of this schema, with all definitions',
    placeholder: 'name',
    standard: () => 'all',
    choices: schemaChoices,
    when: single,
  },
  table: {
    title: 'Tables',
    hint: 'only the rows of this table and its partitions, with all definitions',
    placeholder: 'name',
    standard: () => 'all',
    choices: tableChoices,
    when: single,
  },
  schema_only: { title: 'Definitions only', hint: 'tables, views and the rest, but no rows' },
  data_only: {
    title: 'Rows only',
    hint: 'rows, but no definitions',
    when: (raw) => raw.schema_only !== true,
  },
  no_globals: {
    title: 'Without globals',
    hint: 'no file with roles and tablespaces beside it',
    asks: { title: 'Globals', hint: 'a file with roles and tablespaces beside it' },
  },
  ignore_space: {
    title: 'Ignore space',
    hint: 'do it although the disk seems to have no room; the name has to be typed',
  },
  after: {
    title: 'Command after',
    hint: 'run here once it is made, which PGDECK_BACKUP_PATH tells it: rclone copy "$PGDECK_BACKUP_PATH" far:x',
    placeholder: 'command',
    standard: ({ backup }) => backup.after_backup ?? 'none',
  },
};

function listed(value: RawInput[string]): readonly string[] {
  return Array.isArray(value) ? value : typeof value === 'string' && value !== '' ? [value] : [];
}

async function databaseChoices(context: OpContext): Promise<FieldChoice[]> {
  const session = await context.session();
  const rows = await session.run(backupDatabases, undefined);
  return rows.filter((one) => one.allowed).map((one) => ({ value: one.name, hint: bytes(one.bytes) }));
}

async function schemaChoices(context: OpContext, raw: RawInput): Promise<FieldChoice[]> {
  const session = await context.session(listed(raw.database)[0]);
  return (await session.run(backupSchemas, undefined)).map(({ schema }) => ({ value: schema }));
}

async function tableChoices(context: OpContext, raw: RawInput): Promise<FieldChoice[]> {
  const session = await context.session(listed(raw.database)[0]);
  const rows = await session.run(backupRelations, { exact: false });
  const tables = rows.filter((one) => ['r', 'p', 'm'].includes(one.kind) && one.partition_of === null);
  return tables
    .toSorted((a, b) => b.bytes - a.bytes)
    .map((one) => ({ value: fullName(one.schema, one.name), hint: bytes(one.bytes) }));
}
