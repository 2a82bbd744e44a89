import type { Run } from '../engine/journal/runs.ts';
import type { Plan } from '../engine/plan.ts';
import { removeStep } from '../repository/remove-step.ts';
import { helpersStep } from '../volumes/helper.ts';
import { leftBy } from './leftovers.ts';

/**
 * What a killed backup has left in its repository: a partial directory that nobody will finish. Undefined when it is
 * not there. Whatever it had published is whole and stays.
 */
export async function recoverBackup(run: Run): Promise<Plan | undefined> {
  const { repository } = run.facts;
  const partials = typeof repository === 'string' ? await leftBy(repository, run.id) : [];
  // docker that does not answer keeps nothing from being cleaned up: they end by themselves, and go with a later run
  const helpers = run.facts.helpers === true ? await helpersStep(run.id).catch(() => undefined) : undefined;
  if (partials.length === 0 && helpers === undefined) return undefined;
  const paths = partials.map(({ path }) => path);
  const remove = removeStep('Remove the unfinished backup', paths);
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
      ...(paths.length === 0 ? [] : [{ label: 'Unfinished', value: paths.join(', ') }]),
    ],
    checks: [],
    steps: [...(paths.length === 0 ? [] : [remove]), ...(helpers === undefined ? [] : [helpers])],
    leaves: () => 'Listed backups were not touched.',
    reaches: () => 'The unfinished backup is gone; listed backups were not touched.',
    consequence: 'The unfinished backup is removed; published backups stay.',
  };
}
