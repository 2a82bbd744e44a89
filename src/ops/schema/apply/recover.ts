import { recoverBackup } from '../../backup/recover.ts';
import { recoverConcurrently } from '../../concurrently/recover.ts';
import type { Run } from '../../engine/journal/runs.ts';
import type { OpContext } from '../../engine/operation.ts';
import type { Plan } from '../../engine/plan.ts';

/** What a killed run has left: an index that was not finished, a shadow database, an unfinished backup. */
export async function recoverFix(run: Run, context: OpContext): Promise<Plan | undefined> {
  const { dropShadowSteps } = await import('../../migrate/rehearse/drop-shadow.ts');
  const index = await recoverConcurrently(run, context, 'schema');
  const backup = await recoverBackup(run);
  const shadow = await dropShadowSteps(await context.session(), run.id);
  const plan = index ?? backup;
  if (plan === undefined && shadow.length === 0) return undefined;
  const { database } = context.target;
  const steps = [...(index?.steps ?? []), ...(backup?.steps ?? []), ...shadow];
  if (plan !== undefined) return { ...plan, steps };
  return {
    operation: 'recover',
    title: `Clean up after: ${run.subject}`,
    subject: run.id,
    danger: 'confirm',
    writes: true,
    server: run.server,
    input: { run: run.id },
    facts: [{ label: 'Run', value: run.id }],
    checks: [],
    steps,
    leaves: () => `${database} was not touched.`,
    reaches: () => `What was added to ${database} before stays.`,
  };
}
