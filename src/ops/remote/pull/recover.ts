import type { Run } from '../../engine/journal/runs.ts';
import type { Plan } from '../../engine/plan.ts';
import { removeStep } from '../../repository/remove-step.ts';
import { findPartials } from '../../repository/sweep.ts';

/** What a fetch that was killed has left: a directory that nobody lists. Undefined where it is not there. */
export async function recoverFetch(run: Run): Promise<Plan | undefined> {
  const { repository } = run.facts;
  if (typeof repository !== 'string') return undefined;
  const left = (await findPartials(repository)).filter((one) => one.run === run.id && one.dead);
  if (left.length === 0) return undefined;
  const paths = left.map(({ path }) => path);
  return {
    operation: 'recover',
    title: `Clean up after: ${run.subject}`,
    subject: run.id,
    danger: 'confirm',
    writes: false,
    server: run.server,
    input: { run: run.id },
    facts: [
      { label: 'Run', value: run.id },
      { label: 'Unfinished', value: paths.join(', ') },
    ],
    checks: [],
    steps: [removeStep('Remove what was fetched in part', paths)],
    leaves: () => 'Listed backups were not touched, nor the copies elsewhere.',
    reaches: () =>
      'What was fetched in part is gone; listed backups were not touched, nor the copies elsewhere.',
    consequence: 'What was fetched in part is removed; the copy that it is of stays where it is.',
  };
}
