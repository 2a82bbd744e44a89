import { systemIdentifier } from '../database/identity.ts';
import { planningSession } from '../database/maintenance.ts';
import { defineOperation } from '../engine/operation.ts';
import { findBackup, NEWEST, repositoryDirectory } from '../repository/repository.ts';
import { restoreFields, restoreInput } from './input.ts';
import { restorePlan } from './plan.ts';
import { recoverRestore } from './recover.ts';
import { undoRestore } from './undo.ts';

/** Restores a backup: in the place of a database, beside it, or only some of its tables. */
export const restore = defineOperation({
  id: 'restore',
  input: restoreInput,
  fields: restoreFields,
  plan: async (input, context) => {
    const database = input.database ?? context.target.database;
    const repository = repositoryDirectory(context, input.dir);
    const server =
      input.backup === NEWEST ? await systemIdentifier(await planningSession(context)) : undefined;
    const backup = await findBackup(repository, input.backup, database, context.now(), server);
    return restorePlan(input, context, backup);
  },
  undo: undoRestore,
  recover: recoverRestore,
});
