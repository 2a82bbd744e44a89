import { defineOperation } from '../engine/operation.ts';
import { upFields, upInput } from './move/input.ts';
import { planMove } from './move/plan.ts';
import { recoverMove } from './move/recover.ts';

/** `pgdeck migrate up`: applies what is not applied yet. */
export const up = defineOperation({
  id: 'migrate up',
  input: upInput,
  fields: upFields,
  plan: (input, context) => planMove('up', input, context),
  recover: recoverMove,
});
