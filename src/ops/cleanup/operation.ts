import { defineOperation } from '../engine/operation.ts';
import { cleanupFields, cleanupInput } from './input.ts';
import { planCleanup } from './plan.ts';
import { recoverCleanup } from './recover.ts';
import { undoCleanup } from './undo.ts';

/** `pgdeck cleanup`: rows older than an age are archived and deleted in batches. */
export const cleanup = defineOperation({
  id: 'cleanup',
  dry: true,
  input: cleanupInput,
  fields: cleanupFields,
  plan: planCleanup,
  undo: undoCleanup,
  recover: recoverCleanup,
});
