import { defineOperation } from '../engine/operation.ts';
import { downFields, downInput } from './move/input.ts';
import { planMove } from './move/plan.ts';
import { recoverMove } from './move/recover.ts';

/** `pgdeck migrate down`: takes back one migration, several, or all above a version. */
export const down = defineOperation({
  id: 'migrate down',
  input: downInput,
  fields: downFields,
  plan: (input, context) => planMove('down', input, context),
  recover: recoverMove,
});
