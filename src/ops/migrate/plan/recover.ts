import { recoverBackup } from '../../backup/recover.ts';
import type { Run } from '../../engine/journal/runs.ts';
import type { OpContext } from '../../engine/operation.ts';
import type { Plan } from '../../engine/plan.ts';
import { choose } from '../choose.ts';
import { repairCommand } from '../command.ts';
import { dropShadowSteps } from '../rehearse/drop-shadow.ts';

/**
 * What a killed run of migrations has left: a transaction has taken itself back, so that it is a migration that ran
 * outside one, an unfinished backup, or the database of a rehearsal. The first is for a person to decide about: what is
 * true is said, and the command that mends it.
 */
export async function recoverMove(run: Run, context: OpContext): Promise<Plan | undefined> {
  const [half] = await unfinished(run, context);
  const backup = await recoverBackup(run);
  const shadow = await dropShadowSteps(await context.session(), run.id);
  if (half === undefined && shadow.length === 0) return backup;
  const plan: Plan = backup ?? {
    operation: 'recover',
    title: `Clean up after: ${run.subject}`,
    subject: run.id,
    danger: 'confirm',
    writes: true,
    server: run.server,
    input: { run: run.id },
    facts: [{ label: 'Run', value: run.id }],
    checks: [],
    steps: [],
    leaves: () => `${context.target.database} was not touched.`,
    reaches: () => `${context.target.database} was not touched.`,
  };
  return {
    ...plan,
    checks: half === undefined ? plan.checks : [{ title: 'Migration', status: 'block', detail: half }],
    steps: [...plan.steps, ...shadow],
  };
}

/** Migrations that this run has begun and not finished, each as a sentence with the command that mends it. */
async function unfinished(run: Run, context: OpContext): Promise<string[]> {
  const { tool, dir } = run.input;
  if (typeof dir !== 'string') return [];
  const { adapter, where } = await choose(context, { tool: String(tool), dir });
  const { problems } = await adapter.status(where);
  return problems
    .filter(({ kind }) => kind === 'dirty')
    .map(({ message, version }) => `${message} Repair it with: ${repairCommand(context, version, where)}`);
}
