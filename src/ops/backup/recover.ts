import type { Run } from '../engine/journal/runs.ts';
import type { Plan, Step } from '../engine/plan.ts';
import { discard } from '../repository/publish.ts';
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
  const remove: Step = {
    id: 'remove',
    title: 'Remove the unfinished backup',
    preview: partials.map(({ path }) => `rm -r ${path}`).join('\n'),
    run: async (io) => {
      for (const { path } of partials) {
        await discard({ path });
        io.line(`removed ${path}`);
      }
    },
  };
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
      ...(partials.length === 0
        ? []
        : [{ label: 'Unfinished', value: partials.map(({ path }) => path).join(', ') }]),
    ],
    checks: [],
    steps: [...(partials.length === 0 ? [] : [remove]), ...(helpers === undefined ? [] : [helpers])],
    leaves: () => 'Listed backups were not touched.',
    reaches: () => 'The unfinished backup is gone; listed backups were not touched.',
    consequence: 'The unfinished backup is removed; published backups stay.',
  };
}
