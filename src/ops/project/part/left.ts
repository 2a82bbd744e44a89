import type { Run } from '../../engine/journal/runs.ts';
import type { OpContext } from '../../engine/operation.ts';
import type { Step } from '../../engine/plan.ts';
import { projectErrors } from '../errors.ts';
import { blocksOf, carryOut, planPart } from './run.ts';

/** Finishes or removes what parts of earlier runs have left that were killed: a step for each. */
export function leftSteps(context: OpContext, left: readonly Run[], from: string): Step[] {
  return left.map((run) => ({
    id: `recover:${run.id}`,
    title: `Clean up after ${run.id}, which was killed: ${run.subject}`,
    preview: `pgdeck recover ${run.id}`,
    run: async (io) => {
      const part = { operation: 'recover', input: { run: run.id }, database: from };
      await planPart(
        context,
        part,
        async (plan, within) => {
          for (const { value } of plan.facts) io.line(value);
          const blocked = blocksOf(plan);
          if (blocked !== undefined) throw projectErrors.partBlocked({ what: plan.title, why: blocked });
          if (plan.danger === 'type-name')
            throw projectErrors.asksMore({ what: plan.title, subject: plan.subject });
          if (plan.steps.length > 0) await carryOut(plan, within, io);
        },
        io.run,
      );
    },
  }));
}
