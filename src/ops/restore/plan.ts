import type { OpContext } from '../engine/operation.ts';
import type { Plan } from '../engine/plan.ts';
import { recordedName } from '../repository/names.ts';
import type { Backup } from '../repository/repository.ts';
import { factsOf } from './checks/facts.ts';
import type { RestoreInput } from './input.ts';
import { inPlaceWay } from './methods/in-place.ts';
import { intoWay } from './methods/into.ts';
import { swapWay } from './methods/swap.ts';
import { tablesWay } from './methods/tables.ts';
import { lookAround, targetOf } from './situation.ts';

/** The plan of a restore, in the way that was chosen. Throws DbError, OpError. */
export async function restorePlan(given: RestoreInput, context: OpContext, backup: Backup): Promise<Plan> {
  const input = { ...given, backup: recordedName(given.backup, backup) };
  if (input.table.length > 0) return tablesWay(input, context, backup, targetOf(input, context, backup));
  const situation = await lookAround(input, context, backup);
  const way =
    input.into !== undefined
      ? await intoWay(situation)
      : input.in_place
        ? await inPlaceWay(situation)
        : await swapWay(situation);
  const checks = [...situation.checks, ...way.checks];
  const { database } = situation;
  return {
    operation: 'restore',
    title: `Restore ${database} from ${backup.id}`,
    subject: database,
    danger: 'type-name',
    writes: true,
    server: context.place,
    input: { ...input },
    facts: factsOf(situation),
    locks: [{ family: 'restore', database }],
    ...way,
    checks,
    steps: checks.some(({ status }) => status === 'block') ? [] : way.steps,
  };
}
