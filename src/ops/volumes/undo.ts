import type { Run } from '../engine/journal/runs.ts';
import type { OpContext } from '../engine/operation.ts';
import type { Plan } from '../engine/plan.ts';
import { volumesErrors } from './errors.ts';
import { recordedIn } from './facts.ts';
import { keptName, writerChecks } from './plan.ts';
import { removeVolume } from './replace.ts';
import { containerOf, sourceText, volumeExists } from './source.ts';
import { fillStep, keepStep } from './steps.ts';

/** What was in a volume before it was restored is put back; what is in it now is kept in its turn. */
export async function undoVolumes(run: Run, context: OpContext): Promise<Plan> {
  const recorded = recordedIn(run);
  const before = recorded?.place.kept;
  if (recorded === undefined || before === undefined || !recorded.done)
    throw volumesErrors.notRecorded({ run: run.id });
  if (!(await volumeExists(before))) throw volumesErrors.keptGone({ kept: before });
  const { name, source } = recorded.place;
  const kept = keptName(name, context.now());
  const container = await containerOf(context);
  const inUse = Array.isArray(run.input.accept) && run.input.accept.includes('writers');
  const filling = { context, container, place: { name, source, kept }, inUse, begun: false, back: false };
  return {
    operation: 'undo',
    title: `Put back what was in ${name}`,
    subject: name,
    danger: 'type-name',
    writes: true,
    server: context.place,
    input: { run: run.id },
    facts: [
      { label: 'Volume', value: sourceText(source) },
      { label: 'Put back from', value: `the volume ${before}` },
    ],
    checks: await writerChecks(source, name, inUse),
    steps: [
      keepStep(filling),
      fillStep(filling, { volume: before }),
      {
        id: 'remove',
        title: `Remove ${before}, which is in ${name} now`,
        preview: `docker volume rm ${before}`,
        late: true,
        run: async () => removeVolume(before, run.id),
      },
    ],
    consequence: `What is in ${name} now is replaced; it is kept in the volume ${kept}.`,
    leaves: () =>
      filling.begun && !filling.back ? `What was in ${name} is in ${kept}.` : `${name} has what it had.`,
    reaches: () => `${name} has what it had before the restore; what was restored is in the volume ${kept}.`,
  };
}
