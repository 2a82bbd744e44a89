import { defineOperation } from '../engine/operation.ts';
import { downFields, downInput } from './plan/input.ts';
import { planMigrations } from './plan/plan.ts';
import { recoverMove } from './plan/recover.ts';

/** `pgdeck migrate down`: takes back one migration, several, or all above a version. */
export const down = defineOperation({
  id: 'migrate down',
  input: downInput,
  fields: downFields,
  plan: (input, context) => planMigrations('down', input, context),
  recover: recoverMove,
});
