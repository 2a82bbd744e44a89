import { z } from 'zod';
import type { Field } from '../engine/operation.ts';
import { indexChoices, schemaChoices, tableChoices } from './choices.ts';

export const reindexInput = z
  .object({
    index: z.array(z.string()).default([]),
    table: z.array(z.string()).default([]),
    schema: z.array(z.string()).default([]),
    database: z.boolean().default(false),
    concurrently: z.boolean().default(true),
    tablespace: z.string().optional(),
    lock_timeout: z.number().min(0.1, 'expected 0.1 or more').max(60, 'expected 60 at most').default(3),
    wait: z.number().min(0, 'expected 0 or more').default(60),
  })
  .refine(
    ({ index, table, schema, database }) => database || index.length + table.length + schema.length > 0,
    {
      message: 'Say what is rebuilt: --index, --table, --schema, or --database for all that is there.',
    },
  );

export type ReindexInput = z.output<typeof reindexInput>;

const locking = (raw: { readonly concurrently?: unknown }) => raw.concurrently === false;

export const reindexFields: Record<keyof ReindexInput, Field> = {
  index: {
    title: 'Indexes',
    hint: 'this index; of a partitioned table, with those of its partitions',
    placeholder: 'index',
    choices: indexChoices,
  },
  table: {
    title: 'Tables',
    hint: 'all indexes of this table, with its partitions',
    placeholder: 'table',
    choices: tableChoices,
  },
  schema: {
    title: 'Schemas',
    hint: 'all indexes of all tables of this schema',
    placeholder: 'schema',
    choices: schemaChoices,
  },
  database: { title: 'The whole database', hint: 'all indexes of all tables but the system catalogs' },
  concurrently: {
    title: 'Concurrently',
    hint: 'not concurrently: with locks, faster, and writers, often readers too, have to wait',
    asks: { title: 'Concurrently', hint: 'off: with locks, faster, and writers, often readers too, wait' },
  },
  tablespace: {
    title: 'Tablespace',
    hint: 'build them in this tablespace (from 14 on)',
    placeholder: 'name',
    standard: () => 'where each is now',
  },
  lock_timeout: {
    title: 'Lock timeout',
    hint: 'without CONCURRENTLY: seconds that one attempt waits; others queue behind it that long',
    placeholder: 'seconds',
    when: locking,
  },
  wait: {
    title: 'Wait for locks',
    hint: 'without CONCURRENTLY: seconds to keep retrying for a lock that others hold',
    placeholder: 'seconds',
    when: locking,
  },
};
