import type { Run } from '../engine/journal/runs.ts';
import type { OpContext } from '../engine/operation.ts';
import type { Plan } from '../engine/plan.ts';
import { toldPlan } from '../engine/told.ts';

/**
 * What a killed routine has left is what its operations have: those are runs of their own, and recovered as such. Here it
 * is only told how far it came, and that the next one goes on.
 */
export async function recoverRoutine(run: Run, context: OpContext): Promise<Plan> {
  const items = run.steps.filter(({ id }) => id.startsWith('item:'));
  const ended = new Set(
    run.events.flatMap(({ type, step, ok }) => (type === 'finish' && ok === true ? [step] : [])),
  );
  const open = items.filter((item) => !ended.has(run.steps.indexOf(item))).map(({ title }) => title);
  const { routine } = run.input;
  const again = `pgdeck maintain${typeof routine === 'string' ? ` --routine ${routine}` : ''}`;
  return toldPlan(context, run, {
    title: 'How far the routine came',
    subject: 'routine',
    value:
      open.length === 0
        ? 'all of its items were done.'
        : `${items.length - open.length} of ${items.length} items were done; ${again} goes on with: ${open.join(', ')}.`,
  });
}
