import type { RoutineItem } from '../../config/routine.ts';
import type { OpContext } from '../engine/operation.ts';
import type { Check, Danger, Plan } from '../engine/plan.ts';
import { isUnreachable } from '../engine/run/unreachable.ts';
import { sentenceOf } from '../error.ts';
import type { Standing } from './due.ts';
import type { Skipped } from './outcome.ts';
import { type Meant, meantBy, notSetUp, workText } from './words.ts';

/** An item that is due, with what it needs to be done. */
export interface Prepared {
  readonly item: RoutineItem;
  readonly standing: Standing;
  /** Of an operation. */
  readonly meant?: Meant;
  /** Its plan as it is confirmed. */
  readonly plan?: Plan;
  /** Why it cannot be done as things are; it is planned anew when its turn comes. */
  readonly obstacle?: string;
}

export interface Preparation {
  readonly due: readonly Prepared[];
  readonly skipped: readonly Skipped[];
  /** What the settings have wrong: nothing is begun. */
  readonly wrong: readonly Check[];
}

/**
 * Plans everything that is due; two items with the same operation are one. What has nothing to do is done all the same, so that
 * it is not due again at once. Reads only. Throws DbError when the server is away.
 */
export async function prepare(standings: readonly Standing[], context: OpContext): Promise<Preparation> {
  const due: Prepared[] = [];
  const skipped: Skipped[] = [];
  const wrong: Check[] = [];
  for (const standing of standings) {
    const { item } = standing;
    const missing = notSetUp(item, context);
    const fault = missing === undefined ? await faultOf(item, context) : undefined;
    const same = due.find(
      (one) => one.item.work.kind === 'operation' && workText(one.item) === workText(item),
    );
    if (fault !== undefined) wrong.push({ title: `Settings: ${item.name}`, status: 'block', detail: fault });
    else if (missing !== undefined) skipped.push({ standing, why: missing });
    else if (!standing.due) skipped.push({ standing, why: `not due: ${standing.why}` });
    else if (same !== undefined) skipped.push({ standing, why: `the same as ${same.item.name}` });
    else due.push(await preparedOf(standing, context));
  }
  return { due, skipped, wrong };
}

/** Why an item means nothing; undefined when it does. */
async function faultOf({ work }: RoutineItem, context: OpContext): Promise<string | undefined> {
  if (work.kind === 'operation') {
    const meant = await meantBy(work.words, context.operations);
    return typeof meant === 'string' ? `${meant}. Mend it in the settings, under routine.` : undefined;
  }
  if (work.kind !== 'check') return undefined;
  if (context.examiner === undefined) return 'nobody can judge the server here';
  for (const check of work.checks)
    if (!(await context.examiner.knows(check)))
      return `there is no check "${check}": pgdeck health lists them. Mend it in the settings, under routine.`;
  return undefined;
}

async function preparedOf(standing: Standing, context: OpContext): Promise<Prepared> {
  const { item } = standing;
  if (item.work.kind !== 'operation') return { item, standing };
  const meant = await meantBy(item.work.words, context.operations);
  if (typeof meant === 'string') return { item, standing, obstacle: meant };
  return { item, standing, meant, ...(await planned(meant, context)) };
}

/** The plan of an operation, or why there is none. Throws DbError when the server is away. */
export async function planned(
  { operation, input }: Meant,
  context: OpContext,
): Promise<{ readonly plan: Plan } | { readonly obstacle: string }> {
  try {
    const plan = await operation.plan(input, context);
    const blocks = plan.checks.filter(({ status }) => status === 'block');
    if (blocks.length === 0) return { plan };
    return { obstacle: blocks.map(({ title, detail }) => `${title}: ${detail}`).join(' ') };
  } catch (error) {
    if (isUnreachable(error)) throw error;
    return { obstacle: sentenceOf(error) };
  }
}

/** Whether there is nothing to do as things are. */
export const isIdle = ({ steps }: Pick<Plan, 'steps'>): boolean => steps.length === 0;

const DANGERS: readonly Danger[] = ['none', 'confirm', 'type-name'];

/** The most that any of them asks for; a command of the team's own asks for a yes. */
export function dangerOf(due: readonly Prepared[]): Danger {
  const asked = due.map(({ item, plan }): Danger => {
    if (item.work.kind === 'command') return 'confirm';
    return plan === undefined || isIdle(plan) ? 'none' : plan.danger;
  });
  return DANGERS.findLast((danger) => asked.includes(danger)) ?? 'none';
}

/** Whether what asks for so much was confirmed. */
export function isCovered(asked: Danger, confirmed: Danger): boolean {
  return DANGERS.indexOf(asked) <= DANGERS.indexOf(confirmed);
}
