import { z } from 'zod';
import { CADENCES } from '../../config/routine.ts';
import { defineOperation } from '../engine/operation.ts';
import { planRoutine } from './plan.ts';
import { recoverRoutine } from './recover.ts';

/** `pgdeck maintain`: what is due of the routine, each item by its own operation or check; one plan, one report. */
export const maintain = defineOperation({
  id: 'maintain',
  input: z.object({
    routine: z.enum(CADENCES).optional(),
    item: z.array(z.string()).default([]),
    sample: z.number().min(1, 'expected 1 or more').max(3600, 'expected 3600 at most').default(3),
  }),
  fields: {
    routine: {
      title: 'Routine',
      hint: 'only the items that are done so often: daily, weekly, monthly or quarterly',
      standard: () => 'all of them',
    },
    item: {
      title: 'Items',
      hint: 'only this item, due or not, by its name in the settings',
      placeholder: 'name',
      standard: () => 'all that are due',
      choices: async ({ routine }, raw) =>
        routine
          .filter(
            ({ every }) => typeof raw.routine !== 'string' || raw.routine === '' || raw.routine === every,
          )
          .map(({ name, title, every }) => ({ value: name, hint: `${every}: ${title}` })),
    },
    sample: {
      title: 'Sample',
      hint: 'seconds that checks look at the server; what is counted per hour takes 300',
      placeholder: 'seconds',
    },
  },
  plan: planRoutine,
  recover: recoverRoutine,
});
