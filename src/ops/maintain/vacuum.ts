import { z } from 'zod';
import { defineOperation } from '../engine/operation.ts';
import { maintainErrors } from './errors.ts';
import { commonFields, commonInput, commonOptions, optionFields } from './input.ts';
import type { Options } from './options.ts';
import { planMaintenance, refuseEmptyOnly } from './plan.ts';
import type { MaintainScope } from './scope.ts';
import { analyzedParents, analyzeWork, type MaintainWork, vacuumWork } from './work.ts';

const input = z.object({
  ...commonInput,
  full: z.boolean().default(false),
  freeze: z.boolean().default(false),
  analyze: z.boolean().default(false),
  ...commonOptions,
  index_cleanup: z.enum(['auto', 'on', 'off']).optional(),
  parallel: z
    .int('expected a whole number')
    .min(0, 'expected 0 or more')
    .max(1024, 'expected 1024 at most')
    .optional(),
  truncate: z.enum(['on', 'off']).optional(),
  disable_page_skipping: z.boolean().default(false),
  process_main: z.boolean().default(true),
  process_toast: z.boolean().default(true),
  skip_database_stats: z.boolean().default(false),
  only_database_stats: z.boolean().default(false),
});

/** `pgdeck vacuum`: dead rows removed, rows frozen, tables rewritten; one step for each table. */
export const vacuum = defineOperation({
  id: 'vacuum',
  input,
  fields: {
    ...commonFields('vacuum'),
    full: {
      title: 'Rewrite (FULL)',
      hint: 'rewrite the table, without bloat: nobody can read or write it meanwhile',
    },
    freeze: { title: 'Freeze', hint: 'freeze all rows, so that wraparound is far away' },
    analyze: { title: 'Analyze too', hint: 'collect planner statistics as well' },
    ...optionFields,
    index_cleanup: {
      title: 'Index cleanup',
      hint: 'remove dead rows from indexes: auto (from 14 on), on, off',
      standard: () => 'the table’s own setting',
    },
    parallel: {
      title: 'Parallel workers',
      hint: 'workers for the indexes of a table; 0: none',
      placeholder: 'n',
      standard: () => 'the server decides',
      when: (raw) => raw.full !== true,
    },
    truncate: {
      title: 'Truncate',
      hint: 'give empty pages at the end back to the system: on, off',
      standard: () => 'the table’s own setting',
      when: (raw) => raw.full !== true,
    },
    disable_page_skipping: {
      title: 'Read every page',
      hint: 'trust no visibility map, after damage (DISABLE_PAGE_SKIPPING)',
      when: (raw) => raw.full !== true,
    },
    process_main: {
      title: 'The table itself',
      hint: 'only its TOAST table (PROCESS_MAIN OFF; from 16 on)',
      asks: { title: 'The table itself', hint: 'off: only its TOAST table (PROCESS_MAIN; from 16 on)' },
    },
    process_toast: {
      title: 'Its TOAST table',
      hint: 'without its TOAST table (PROCESS_TOAST OFF; from 14 on)',
      asks: { title: 'Its TOAST table', hint: 'off: not its TOAST table (PROCESS_TOAST; from 14 on)' },
      when: (raw) => raw.full !== true,
    },
    skip_database_stats: {
      title: 'Skip database statistics',
      hint: 'do not note the age of the database at the end (from 16 on)',
    },
    only_database_stats: {
      title: 'Only database statistics',
      hint: 'note the age of the database, and nothing else (from 16 on)',
    },
  },
  plan: async (asked, context) => {
    const { table, schema, due, lock_timeout, wait, ...options } = asked;
    if (options.only_database_stats && (table.length + schema.length > 0 || due))
      throw maintainErrors.ageOfAll();
    return planMaintenance(
      {
        doing: 'vacuum',
        scope: { table, schema, due, only: options.only },
        options,
        lockTimeout: lock_timeout,
        wait,
        nothingElse: options.only_database_stats,
        input: asked,
        works: (scope, major) => worksOf(scope, options, major),
      },
      context,
    );
  },
});

function worksOf(scope: MaintainScope, options: Options, major: number): MaintainWork[] {
  refuseEmptyOnly(scope, options);
  const { parents, covered } = options.analyze
    ? analyzedParents(scope, major)
    : { parents: [], covered: new Set<number>() };
  const several = scope.tables.length + scope.catalogs.length + parents.length > 1;
  // noted once at the end instead of after each table, which takes longer the more tables there are
  const each = {
    ...options,
    skip_database_stats: options.skip_database_stats === true || (several && major >= 16),
  };
  const catalogs = options.full ? [] : scope.catalogs;
  return [
    ...scope.tables.map((one) =>
      vacuumWork({ ...each, analyze: options.analyze === true && !covered.has(one.oid) }, [one], major),
    ),
    ...parents.map((one) => analyzeWork(options, [one], major, scope.leaves.get(one.oid))),
    ...(catalogs.length > 0 ? [vacuumWork(each, catalogs, major)] : []),
  ];
}
