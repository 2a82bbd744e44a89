import { z } from 'zod';
import { defineOperation } from '../engine/operation.ts';
import { commonFields, commonInput, commonOptions, optionFields } from './input.ts';
import { planMaintenance } from './plan.ts';
import { analyzedParents, analyzeWork } from './work.ts';

/** `pgdeck analyze`: the planner's statistics; one step for each table. */
export const analyze = defineOperation({
  id: 'analyze',
  input: z.object({ ...commonInput, ...commonOptions }),
  fields: { ...commonFields('analyze'), ...optionFields },
  plan: async (asked, context) => {
    const { table, schema, due, lock_timeout, wait, ...options } = asked;
    return planMaintenance(
      {
        doing: 'analyze',
        scope: { table, schema, due, only: options.only },
        options,
        lockTimeout: lock_timeout,
        wait,
        nothingElse: false,
        input: asked,
        works: (scope, major) => {
          const { parents, covered } = analyzedParents(scope, major);
          // the server makes no statistics on the statistics, and does not say so
          const catalogs = scope.catalogs.filter(({ name }) => name !== 'pg_statistic');
          return [
            ...scope.tables
              .filter(({ oid }) => !covered.has(oid))
              .map((one) => analyzeWork(options, [one], major)),
            ...parents.map((one) => analyzeWork(options, [one], major, scope.leaves.get(one.oid))),
            ...(catalogs.length > 0 ? [analyzeWork(options, catalogs, major)] : []),
          ];
        },
      },
      context,
    );
  },
});
