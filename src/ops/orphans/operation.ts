import { defineOperation } from '../engine/operation.ts';
import { orphansFields, orphansInput } from './input.ts';
import { planOrphans } from './plan.ts';
import { recoverOrphans } from './recover.ts';
import { undoOrphans } from './undo.ts';

/** `pgdeck orphans`: rows that break a foreign key are archived and taken out, and the key becomes valid. */
export const orphans = defineOperation({
  id: 'orphans',
  input: orphansInput,
  fields: orphansFields,
  plan: planOrphans,
  undo: undoOrphans,
  recover: recoverOrphans,
});
