import type { Run } from '../engine/journal/runs.ts';
import type { OpContext } from '../engine/operation.ts';
import type { Plan, Step } from '../engine/plan.ts';
import { recordedIn } from './facts.ts';
import { helpersStep } from './helper.ts';
import { COPY_BACK, isMadeBy, type Place, putBack, removeVolume } from './replace.ts';
import { containerOf } from './source.ts';

/**
 * What a killed restore of a volume has left: one that is half filled, which gets back what was there; a copy that
 * nobody needs; a container. Undefined when there is nothing to do.
 */
export async function recoverVolumes(run: Run, context: OpContext): Promise<Plan | undefined> {
  const recorded = recordedIn(run);
  const helpers = await helpersStep(run.id);
  const steps: Step[] = helpers === undefined ? [] : [helpers];
  const half = recorded?.begun === true && !recorded.done && !recorded.back;
  if (recorded !== undefined && !recorded.done) {
    const { place } = recorded;
    const { kept } = place;
    const made = kept ?? place.name;
    if (half && kept !== undefined) steps.push(backStep(context, { ...place, kept }));
    // where there was no volume, the half of one goes
    if (await isMadeBy(made, run.id))
      steps.push({
        id: 'remove',
        title: `Remove ${made}`,
        preview: `docker volume rm ${made}`,
        run: async () => removeVolume(made, run.id),
      });
  }
  if (steps.length === 0) return undefined;
  const name = recorded?.place.name ?? run.subject;
  return {
    operation: 'recover',
    title: `Clean up after a restore of ${name}`,
    subject: name,
    danger: 'confirm',
    writes: half,
    server: context.place,
    input: { run: run.id },
    facts: recorded?.place.kept === undefined ? [] : [{ label: 'Put aside', value: recorded.place.kept }],
    checks: [],
    steps,
    consequence: half ? `${name} gets back what was in it before.` : 'Nothing but copies is removed.',
    leaves: () => `What was in ${name} is in ${recorded?.place.kept ?? name} still.`,
    reaches: () => `${name} is as it was before the run.`,
  };
}

function backStep(context: OpContext, place: Place & { readonly kept: string }): Step {
  return {
    id: 'back',
    title: `Put back what was in ${place.name}, and compare`,
    preview: COPY_BACK.join(' '),
    run: async (io) => {
      await putBack(io, { here: context.here, container: await containerOf(context) }, place);
    },
  };
}
