import { z } from 'zod';
import { fullName } from '../../db/ident.ts';
import type { Field, FieldChoice, OpContext, RawInput } from '../engine/operation.ts';
import { repositoryDirectory } from '../repository/repository.ts';
import { foreignKeys } from '../rows/queries/keys.ts';
import { orphanTables } from '../rows/queries/tables.ts';

const ACTIONS = ['no-action', 'restrict', 'cascade', 'set-null', 'set-default'] as const;
export type Action = (typeof ACTIONS)[number];

export const orphansInput = z
  .object({
    table: z.string().optional(),
    key: z.string().optional(),
    columns: z.string().optional(),
    references: z.string().optional(),
    action: z.enum(['keep', 'delete', 'set-null']).default('keep'),
    on_delete: z.enum(ACTIONS).default('no-action'),
    on_update: z.enum(ACTIONS).default('no-action'),
    match: z.enum(['simple', 'full']).default('simple'),
    name: z.string().optional(),
    archive: z.string().optional(),
    wait: z.number().min(0, 'expected 0 or more').default(60),
  })
  .refine(({ table, key }) => table !== undefined || key !== undefined, {
    message: 'Say which key is meant: --key, or --table; for a missing one also --columns and --references.',
  })
  .refine(({ columns, references }) => (columns === undefined) === (references === undefined), {
    message: 'A missing key has both: --columns and --references.',
  })
  .refine(({ key, columns }) => key === undefined || columns === undefined, {
    message: 'Give --key for one that is there, or --columns and --references for one that is missing.',
  })
  .refine(({ table, columns }) => columns === undefined || table !== undefined, {
    message: 'Say which table a missing key is of: --table.',
  });

export type OrphansInput = z.output<typeof orphansInput>;

/** Where archives of rows are kept: beside the backups. */
export function rowsDirectory(context: Pick<OpContext, 'env' | 'home' | 'backup'>, given?: string): string {
  if (given !== undefined) return repositoryDirectory(context, given);
  return `${repositoryDirectory(context)}/rows`;
}

const missing = (raw: RawInput) => raw.key === undefined || raw.key === '';
/** What a missing key is like is asked once its columns are named. */
const named = (raw: RawInput) => missing(raw) && raw.columns !== undefined && raw.columns !== '';
const changes = (raw: RawInput) => raw.action === 'delete' || raw.action === 'set-null';

export const orphansFields: Record<keyof OrphansInput, Field> = {
  table: {
    title: 'Table',
    hint: 'the table that refers, whose rows are looked at',
    placeholder: 'table',
    choices: tableChoices,
    standard: () => 'the one of the key',
  },
  key: {
    title: 'Key',
    hint: 'a foreign key that is there and NOT VALID',
    placeholder: 'name',
    choices: keyChoices,
    standard: () => 'the only one of the table',
    none: () => 'No foreign key is NOT VALID. For a missing one, give its columns and what they refer to.',
  },
  columns: {
    title: 'Columns',
    hint: 'of a missing key: its columns, separated by commas',
    placeholder: 'a,b',
    when: missing,
  },
  references: {
    title: 'References',
    hint: 'of a missing key: the table it refers to, with columns if not by its primary key',
    placeholder: 'table(x,y)',
    when: missing,
  },
  action: {
    title: 'Then',
    flag: 'then',
    hint: 'keep counts only; delete and set-null archive the rows first, then make the key valid',
  },
  on_delete: {
    title: 'On delete',
    hint: 'of a missing key: what becomes of rows when the row that they refer to is deleted',
    when: named,
  },
  on_update: {
    title: 'On update',
    hint: 'of a missing key: what becomes of rows when the row that they refer to gets another key',
    when: named,
  },
  match: {
    title: 'Match',
    hint: 'of a missing key: full forbids rows with only some of its columns NULL',
    when: named,
  },
  name: {
    title: 'Name',
    hint: 'of a missing key: what it is called',
    placeholder: 'name',
    standard: () => 'as PostgreSQL would',
    when: named,
  },
  archive: {
    title: 'Archive',
    hint: 'directory for the archive of the rows',
    placeholder: 'dir',
    standard: (known) => rowsDirectory(known),
    when: changes,
  },
  wait: {
    title: 'Wait for locks',
    hint: 'seconds to keep retrying for a lock that others hold',
    placeholder: 'seconds',
  },
};

async function tableChoices(context: OpContext): Promise<FieldChoice[]> {
  const session = await context.session();
  const open = (await session.run(foreignKeys, undefined)).filter(
    ({ valid, enforced }) => enforced && !valid,
  );
  const tables = (await session.run(orphanTables, undefined)).filter(({ partition }) => !partition);
  const keysOf = (oid: number) => open.filter(({ table_oid }) => table_oid === oid).map(({ name }) => name);
  return tables
    .map(({ oid, schema, name }) => ({ value: fullName(schema, name), keys: keysOf(oid) }))
    .sort((a, b) => Number(b.keys.length > 0) - Number(a.keys.length > 0))
    .map(({ value, keys }) => ({
      value,
      ...(keys.length > 0 && { hint: `NOT VALID: ${keys.join(', ')}` }),
    }));
}

async function keyChoices(context: OpContext, raw: RawInput): Promise<FieldChoice[]> {
  const session = await context.session();
  return (await session.run(foreignKeys, undefined))
    .filter(({ valid, enforced }) => enforced && !valid)
    .map((key) => ({ key, table: fullName(key.schema, key.table) }))
    .filter(({ key, table }) => !raw.table || raw.table === table || raw.table === key.table)
    .map(({ key, table }) => ({
      value: key.name,
      hint: `${table} to ${fullName(key.parent_schema, key.parent)}`,
    }));
}
