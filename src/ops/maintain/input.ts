import { z } from 'zod';
import type { Field } from '../engine/operation.ts';
import { type Doing, schemaChoices, tableChoices } from './urgency.ts';

/** Sizes as PostgreSQL takes them for BUFFER_USAGE_LIMIT; a plain number is kilobytes. */
const BUFFER_SIZE = /^\d+\s*(B|kB|MB|GB|TB)?$/;

/** What both operations take. */
export const commonInput = {
  table: z.array(z.string()).default([]),
  schema: z.array(z.string()).default([]),
  due: z.boolean().default(false),
};

export const commonOptions = {
  skip_locked: z.boolean().default(false),
  only: z.boolean().default(false),
  buffer_usage_limit: z
    .string()
    .regex(BUFFER_SIZE, 'expected 0, or a size from 128kB to 16GB such as 2MB')
    .optional(),
  lock_timeout: z.number().min(0.1, 'expected 0.1 or more').max(60, 'expected 60 at most').optional(),
  wait: z.number().min(0, 'expected 0 or more').default(60),
};

type Fields<Shape> = Record<keyof Shape, Field>;

export function commonFields(doing: Doing): Fields<typeof commonInput> {
  return {
    table: {
      title: 'Tables',
      hint: 'only this table, with its partitions; none: the whole database',
      placeholder: 'table',
      standard: () => 'all tables',
      choices: (context, raw) => tableChoices(context, doing, raw),
    },
    schema: {
      title: 'Schemas',
      hint: 'all tables of this schema',
      placeholder: 'schema',
      standard: () => 'all schemas',
      choices: (context) => schemaChoices(context, doing),
    },
    due: {
      title: 'Only what is due',
      hint: 'only tables past autovacuum’s thresholds, also those it is switched off for',
    },
  };
}

export const optionFields: Fields<typeof commonOptions> = {
  skip_locked: {
    title: 'Skip locked',
    hint: 'pass over tables that are locked instead of waiting (SKIP_LOCKED)',
  },
  only: { title: 'Only the tables named', hint: 'without their partitions (ONLY; from 18 on)' },
  buffer_usage_limit: {
    title: 'Buffer usage limit',
    hint: 'how much of the shared buffers it may use: 2MB, 0 for all (from 16 on)',
    placeholder: 'size',
    standard: () => 'vacuum_buffer_usage_limit',
  },
  lock_timeout: {
    title: 'Lock timeout',
    hint: 'seconds that one attempt waits for a lock; others queue behind it that long (3 with --full, else 5)',
    placeholder: 'seconds',
    standard: (_, raw) => (raw.full === true ? '3' : '5'),
  },
  wait: {
    title: 'Wait for locks',
    hint: 'seconds to keep retrying for a lock that others hold',
    placeholder: 'seconds',
  },
};
