import { z } from 'zod';
import { parseDuration } from '../../text/units.ts';
import type { Field, RawInput } from '../engine/operation.ts';
import { indexChoices, tableChoices } from './choices.ts';
import { sizeOf } from './size.ts';

/** Of everything there is, so that nobody starts days of work by one word. */
export const WHOLE_LIMIT = '30m';

export const checkInput = z.object({
  table: z.array(z.string()).default([]),
  index: z.array(z.string()).default([]),
  heap: z.boolean().default(true),
  read: z.boolean().default(false),
  dump: z.boolean().default(false),
  heapallindexed: z.boolean().default(false),
  parent: z.boolean().default(false),
  lost_rows: z.boolean().default(false),
  max_size: z
    .string()
    .refine((text) => sizeOf(text) !== undefined, 'expected a size such as 500MB or 10GB')
    .optional(),
  time_limit: z
    .string()
    .refine((text) => (parseDuration(text) ?? 0) > 0, 'expected a duration such as 10m or 2h')
    .optional(),
  lock_timeout: z.number().min(0.1, 'expected 0.1 or more').max(60, 'expected 60 at most').default(3),
  install: z.boolean().default(false),
});

export type CheckInput = z.output<typeof checkInput>;

const named = ({ table, index }: RawInput) =>
  [table, index].some((one) => Array.isArray(one) && one.length > 0);

export const checkFields: Record<keyof CheckInput, Field> = {
  table: {
    title: 'Tables',
    hint: 'this table, with its partitions, TOAST table and indexes; all without it',
    placeholder: 'table',
    standard: () => 'all, the smallest first',
    choices: tableChoices,
  },
  index: {
    title: 'Indexes',
    hint: 'this index alone; of a partitioned table, those of its partitions',
    placeholder: 'index',
    choices: indexChoices,
  },
  heap: {
    title: 'Tables too',
    hint: 'only the indexes, not the rows of the tables',
    asks: { title: 'Tables too', hint: 'off: only the indexes, not the rows of the tables' },
  },
  read: {
    title: 'Read every row',
    hint: 'read every value of every row too; without amcheck that is done anyway',
  },
  dump: {
    title: 'Try pg_dump',
    hint: 'let pg_dump read each table too, to nowhere: whether a backup of it would succeed',
  },
  heapallindexed: {
    title: 'Every row indexed',
    hint: 'also whether each row of the table is in the index: reads the table again for each',
  },
  parent: {
    title: 'With parents',
    hint: 'compare the pages of an index with those above: writers to the table wait meanwhile (ShareLock)',
  },
  lost_rows: {
    title: 'Lost rows',
    hint: 'also whether an index knows rows that the table has lost: counted by both, one more read of the table',
  },
  max_size: {
    title: 'Largest size',
    hint: 'leave out what is larger: 500MB, 10GB',
    placeholder: 'size',
    standard: () => 'no limit',
  },
  time_limit: {
    title: 'Time limit',
    hint: 'begin nothing more after 10m or 2h, and stop what is being read then',
    placeholder: 'duration',
    standard: (_, raw) => (named(raw) ? 'none' : WHOLE_LIMIT),
  },
  lock_timeout: {
    title: 'Lock timeout',
    hint: 'seconds to wait for a table that is locked; then it is not checked',
    placeholder: 'seconds',
  },
  install: {
    title: 'Install amcheck',
    hint: 'create the extension amcheck first where it is missing; a superuser may',
  },
};
