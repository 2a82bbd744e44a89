import { z } from 'zod';
import { displayName, fullName } from '../../../db/ident.ts';
import { bytes, count } from '../../../text/units.ts';
import type { Field, FieldChoice, OpContext, RawInput } from '../../engine/operation.ts';
import { reindexTables } from '../../reindex/queries/inventory.ts';
import { resolveRelation } from '../../relations/resolve.ts';
import { indexedColumns } from '../queries/table.ts';

export const METHODS = ['btree', 'hash', 'gin', 'gist', 'spgist', 'brin'] as const;

export const createInput = z
  .object({
    table: z.string().min(1),
    columns: z.array(z.string()).default([]),
    expression: z.array(z.string()).default([]),
    method: z.enum(METHODS).default('btree'),
    unique: z.boolean().default(false),
    where: z.string().optional(),
    include: z.array(z.string()).default([]),
    name: z.string().optional(),
  })
  .refine(({ columns, expression }) => columns.length + expression.length > 0, {
    message: 'Say what is indexed: --columns, or --expression.',
  });

export type CreateInput = z.output<typeof createInput>;

export const createFields: Record<keyof CreateInput, Field> = {
  table: {
    title: 'Table',
    hint: 'the table; of a partitioned one all partitions get the index',
    placeholder: 'table',
    choices: tableChoices,
    none: () => 'This database has no tables of its own.',
  },
  columns: {
    title: 'Columns',
    hint: 'columns in their order, several with commas: a,b; also "a DESC" or "name text_pattern_ops"',
    placeholder: 'columns',
    choices: columnChoices,
  },
  expression: {
    title: 'Expressions',
    hint: 'an expression behind the columns: lower(email)',
    placeholder: 'sql',
  },
  method: { title: 'Method', hint: 'the kind of index' },
  unique: { title: 'Unique', hint: 'no two rows may have equal keys' },
  where: {
    title: 'Where',
    hint: 'only the rows for which this holds: deleted_at IS NULL',
    placeholder: 'sql',
    standard: () => 'all rows',
  },
  include: {
    title: 'Include',
    hint: 'further columns, kept in the index for queries that read no others; several with commas',
    placeholder: 'columns',
    choices: columnChoices,
  },
  name: {
    title: 'Name',
    hint: 'its name, in the schema of the table',
    placeholder: 'name',
    standard: () => 'by the table and the columns',
  },
};

/** In the order of their names. */
async function tableChoices(context: OpContext): Promise<FieldChoice[]> {
  const session = await context.session();
  const tables = await session.run(reindexTables, undefined);
  return tables
    .filter(({ system, partition_of }) => !system && partition_of === null)
    .map(({ schema, name, kind, owned }) => ({
      value: fullName(schema, name),
      hint: [
        kind === 'p' ? 'partitioned' : kind === 'm' ? 'materialized view' : '',
        owned ? '' : 'of another role',
      ]
        .filter(Boolean)
        .join(', '),
    }));
}

async function columnChoices(context: OpContext, { table }: RawInput): Promise<FieldChoice[]> {
  if (typeof table !== 'string' || table === '') return [];
  const session = await context.session();
  const { oid } = resolveRelation(await session.run(reindexTables, undefined), table);
  const columns = await session.run(indexedColumns, { oid });
  return columns.map(({ name, type, width, n_distinct: distinct }) => ({
    value: displayName(null, name),
    hint: [type, width === null ? '' : `~${bytes(width)}`, distinctText(distinct)].filter(Boolean).join(', '),
  }));
}

function distinctText(distinct: number | null): string {
  if (distinct === null) return '';
  if (distinct === -1) return 'each value once';
  return distinct > 0 ? `~${count(distinct)} values` : '';
}
