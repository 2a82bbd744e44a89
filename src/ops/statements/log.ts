import { z } from 'zod';
import { defineOperation } from '../engine/operation.ts';
import { planChange } from '../settings/plan.ts';
import { recoverChange, undoChange } from '../settings/undo.ts';
import { statementsErrors } from './errors.ts';

const NAME = 'log_min_duration_statement';

/** What takes it away again. */
const OFF = 'reset';

/** `pgdeck statements log`: which statements of a database or a role are logged with their text and time. */
export const statementsLog = defineOperation({
  id: 'statements log',
  input: z.object({
    over: z.string().min(1).default('250ms'),
    database: z.string().min(1).optional(),
    role: z.string().min(1).optional(),
  }),
  fields: {
    over: {
      title: 'Over',
      hint: 'log what takes longer: 250ms; 0 logs all, -1 none; reset takes the setting away again',
      argument: true,
      placeholder: 'time',
    },
    database: { title: 'Database', hint: 'for sessions in this database', placeholder: 'name' },
    role: {
      title: 'Role',
      hint: 'for sessions of this role; with a database, only there',
      placeholder: 'name',
    },
  },
  plan: async ({ over, database, role }, context) => {
    if (database === undefined && role === undefined) throw statementsErrors.noScope();
    const change = { name: NAME, scope: { database, role }, to: over === OFF ? undefined : over };
    const plan = await planChange(change, context, {
      operation: 'statements log',
      input: { over, ...(database && { database }), ...(role && { role }) },
    });
    const told = {
      title: 'What is logged',
      status: 'warn' as const,
      detail:
        'The text of a slow statement is logged with the values in it, and with its parameters: see who may read the log.',
    };
    return over === OFF ? plan : { ...plan, checks: [...plan.checks, told] };
  },
  undo: undoChange,
  recover: recoverChange,
});
