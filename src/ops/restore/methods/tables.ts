import { place } from '../../../db/errors.ts';
import type { OpContext } from '../../engine/operation.ts';
import type { Plan } from '../../engine/plan.ts';
import type { Backup } from '../../repository/repository.ts';
import { hooksOf, type RestoreInput } from '../input.ts';
import { afterStep, beforeStep } from '../steps/hooks.ts';
import { newState } from '../steps/state.ts';
import { tablesPlan } from '../tables/plan.ts';

/** Chosen tables of a backup, into the database as it is. */
export async function tablesWay(
  input: RestoreInput,
  context: OpContext,
  backup: Backup,
  database: string,
): Promise<Plan> {
  const { table: tables, mode, dir, no_safety_backup, accept_damaged, ignore_space: ignoreSpace } = input;
  const plan = await tablesPlan(
    { tables, mode, dir, safety: !no_safety_backup, accept_damaged, ignoreSpace },
    contextIn(context, database),
    backup,
  );
  if (plan.steps.length === 0) return { ...plan, input: { ...input } };
  const hooks = hooksOf(input, context);
  // whether it succeeds or not: the command after is wanted when the tables are as they will be
  const state = { ...newState(undefined), replaced: true };
  const steps = [...beforeStep(hooks, state), ...plan.steps, ...afterStep(hooks, state)];
  // the undo is handed on as the object it is: its command is known when the safety backup is made
  return { ...plan, input: { ...input }, steps };
}

/** The same server, seen from another of its databases. */
function contextIn(context: OpContext, database: string): OpContext {
  if (database === context.target.database) return context;
  const target = { ...context.target, database };
  return {
    ...context,
    target,
    there: { ...context.there, database },
    place: place(target),
    session: (name = database) => context.session(name),
    open: (name, other = database) => context.open(name, other),
  };
}
