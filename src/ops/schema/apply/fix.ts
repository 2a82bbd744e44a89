import { defineOperation } from '../../engine/operation.ts';
import { fixFields, fixInput } from './input.ts';
import { planFix } from './plan.ts';
import { recoverFix } from './recover.ts';

/** `pgdeck schema fix`: adds what the database lacks of what is expected of it, and nothing else. */
export const schemaFix = defineOperation({
  id: 'schema fix',
  input: fixInput,
  fields: fixFields,
  plan: planFix,
  recover: recoverFix,
});
