import type { RoutineItem } from '../../config/routine.ts';
import type { OpContext } from '../engine/operation.ts';
import { Outcome } from '../engine/outcome.ts';
import type { Danger, Plan, ResultTable, Step, StepIo } from '../engine/plan.ts';
import { sentenceOf } from '../error.ts';
import { inApp } from '../restore/steps/hooks.ts';
import { checklistOf } from './checklist.ts';
import { judged, type Looks } from './checks.ts';
import { stepId } from './evidence.ts';
import { type NestedEnd, runWithin } from './nested.ts';
import { type ItemEnd, outcomeOf } from './outcome.ts';
import { isCovered, isIdle, type Prepared, planned } from './prepare.ts';
import { workText } from './words.ts';

/** What the steps of a routine share. */
export interface Around {
  readonly context: OpContext;
  readonly looks: Looks;
  /** What was confirmed. */
  readonly danger: Danger;
  /** How the items have ended, by their names. */
  readonly ends: Map<string, ItemEnd>;
  /** Lists to go through: they are told after the report, which is short. */
  readonly lists: ResultTable[];
}

/** The step of an item. It never throws, and nothing that follows needs it. */
export function itemStep(prepared: Prepared, around: Around): Step {
  const { item } = prepared;
  const end = (ended: ItemEnd): Outcome => {
    around.ends.set(item.name, ended);
    return outcomeOf(item, ended);
  };
  return {
    id: stepId(item),
    title: item.title,
    preview: previewOf(prepared),
    ...effectOf(prepared),
    independent: true,
    run: async (io) => {
      try {
        return end(await work(io, prepared, around));
      } catch (error) {
        const status = io.signal.aborted ? 'cancelled' : 'failed';
        return end({ status, text: io.signal.aborted ? 'It was stopped.' : sentenceOf(error) });
      }
    },
    unbegun: (why) =>
      new Outcome({
        kind: 'routine_not_begun',
        facts: { item: item.name, every: item.every },
        ok: false,
        text: `${item.title}: not begun, since ${why}.`,
      }),
  };
}

async function work(io: StepIo, prepared: Prepared, around: Around): Promise<ItemEnd> {
  const { item } = prepared;
  switch (item.work.kind) {
    case 'check': {
      const found = await around.looks.at(item, io.signal);
      for (const { findings } of found)
        for (const one of findings) io.line(`${one.severity} ${one.id}: ${one.title} Fix: ${one.fix}`);
      return judged(found);
    }
    case 'command':
      await inApp(io, item.work.command);
      return { status: 'done', text: 'The command ended with 0.' };
    case 'checklist':
      around.lists.push(await checklistOf(item.work.list, around.context));
      return { status: 'done', text: 'The list stands below the report: it is for a person.' };
    case 'operation':
      return operate(io, prepared, around);
  }
}

/** Runs an operation. What nobody has to confirm is planned anew: what was done before it may have changed it. */
async function operate(io: StepIo, prepared: Prepared, { context, danger }: Around): Promise<ItemEnd> {
  const { meant } = prepared;
  let { plan } = prepared;
  if (meant !== undefined && (plan === undefined || plan.danger === 'none')) {
    const now = await planned(meant, context);
    if ('obstacle' in now) return { status: 'failed', text: now.obstacle };
    plan = now.plan;
  }
  if (plan === undefined) return { status: 'failed', text: prepared.obstacle ?? 'It has no plan.' };
  if (isIdle(plan)) return { status: 'done', text: `${plan.title}.` };
  if (!isCovered(plan.danger, danger))
    return {
      status: 'failed',
      text: 'It asks for more by now than was confirmed.',
      next: workText(prepared.item),
    };
  return endOf(plan, await runWithin(io, plan, context));
}

function endOf({ title }: Plan, end: NestedEnd): ItemEnd {
  const { ok, status, text, state, undo, run } = end;
  const next = undo ?? end.next;
  const more = { ...(status !== 'refused' && { run }), ...(next != null && { next }) };
  if (ok) return { status: 'done', text: `${title}. ${state ?? ''}`.trim(), ...more };
  return { status: status === 'cancelled' ? 'cancelled' : 'failed', text, ...more };
}

/** What is sent and run. */
function previewOf({ item, plan, obstacle }: Prepared): string {
  const idle = plan !== undefined && isIdle(plan) ? [`-- ${plan.title}, as things are`] : [];
  const shown = plan?.steps.map(({ title, preview }) => `-- ${title}\n${preview}`) ?? [];
  const why =
    obstacle === undefined ? [] : [`-- not as things are, and tried again at its turn: ${obstacle}`];
  return [workText(item), ...why, ...idle, ...shown].join('\n');
}

function effectOf({ plan }: Prepared): { readonly effect?: string } {
  const effects = [...new Set(plan?.steps.flatMap(({ effect }) => effect ?? []) ?? [])];
  return effects.length === 0 ? {} : { effect: effects.slice(0, 2).join('; ') };
}

/** Which items there are, for those that are asked for by name. */
export const namesOf = (items: readonly RoutineItem[]): string[] => items.map(({ name }) => name);
