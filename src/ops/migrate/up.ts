import { defineOperation } from '../engine/operation.ts';
import { upFields, upInput } from './plan/input.ts';
import { planMigrations } from './plan/plan.ts';
import { recoverMove } from './plan/recover.ts';

/** `pgdeck migrate up`: applies what is not applied yet. */
export const up = defineOperation({
  id: 'migrate up',
  input: upInput,
  fields: upFields,
  plan: (input, context) => planMigrations('up', input, context),
  recover: recoverMove,
});
