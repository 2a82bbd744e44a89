import { readRun } from '../../engine/journal/runs.ts';
import type { OpContext } from '../../engine/operation.ts';
import type { Check, Danger, Plan, StepIo } from '../../engine/plan.ts';
import { withFlag } from '../../engine/plan.ts';
import { runPlan } from '../../engine/run/runner.ts';
import { projectErrors } from '../errors.ts';

const DANGERS: readonly Danger[] = ['none', 'confirm', 'type-name'];

/** An operation of pgdeck that is part of a larger one. */
export interface Part {
  readonly operation: string;
  readonly input: Readonly<Record<string, unknown>>;
  /** The database that it is worked from. */
  readonly database: string;
  /** The run that it is part of has backed the database up before. */
  readonly saved?: boolean;
}

/** How a part ended. */
export interface PartEnd {
  /** Its run in the journal; undefined where there was nothing to do. */
  readonly run: string | undefined;
  /** The command that takes it back; null where there is none. */
  readonly undo: string | null;
  /** How many steps it had. */
  readonly steps: number;
  /** Ids of the backups that it has made. */
  readonly backups: readonly string[];
}

const NOTHING: PartEnd = { run: undefined, undo: null, steps: 0, backups: [] };

/** Plans a part; `work` is given its context, which is closed afterwards. Throws {@link OpError} and DbError. */
export async function planPart<T>(
  context: OpContext,
  { operation: id, input, database, saved }: Part,
  work: (plan: Plan, within: OpContext) => Promise<T>,
  partOf?: string,
): Promise<T> {
  const within = context.to(database, partOf, saved);
  try {
    const operation = await context.operations(id)?.load();
    if (operation === undefined) throw new Error(`there is no operation ${id}`);
    return await work(await operation.plan(operation.input.parse(input), within), within);
  } finally {
    await within.close();
  }
}

/** What blocks a plan, as one text. */
export function blocksOf({ checks }: { readonly checks: readonly Check[] }): string | undefined {
  const blocks = checks.filter(({ status }) => status === 'block');
  return blocks.length === 0 ? undefined : blocks.map((one) => `${one.title}: ${withFlag(one)}`).join('\n');
}

/**
 * Carries out a part as a run of its own: locked, journaled and taken back as when it is called by its command, its
 * lines told within the step. `asked`: how much a person was asked for; what asks for more is not done. Throws
 * {@link OpError} with what it says of its failure.
 */
export async function runPart(
  context: OpContext,
  io: StepIo,
  part: Part,
  asked: Danger = 'confirm',
): Promise<PartEnd> {
  return planPart(
    context,
    part,
    async (plan, within) => {
      const blocked = blocksOf(plan);
      if (blocked !== undefined) throw projectErrors.partBlocked({ what: plan.title, why: blocked });
      if (plan.steps.length === 0) {
        io.line(`${plan.title}: there is nothing to do.`);
        return NOTHING;
      }
      if (DANGERS.indexOf(plan.danger) > DANGERS.indexOf(asked))
        throw projectErrors.asksMore({ what: plan.title, subject: plan.subject });
      return carryOut(plan, within, io);
    },
    io.run,
  );
}

/** Carries out the plan of a part, its lines told within the step. Throws {@link OpError}. */
export async function carryOut(plan: Plan, context: OpContext, io: StepIo): Promise<PartEnd> {
  let answer: PartEnd | undefined;
  for await (const event of runPlan(plan, context, { signal: io.signal })) {
    if (event.type === 'begin') io.line(`${event.title} (run ${event.run})`);
    else if (event.type === 'start') io.line(`${event.step + 1}/${plan.steps.length} ${event.title}`);
    else if (event.type === 'line') io.line(event.text, event.from);
    else if (event.type === 'progress') {
      const { type: _, at: __, step: ___, ...progress } = event;
      io.progress(progress);
    } else if (event.type === 'result') io.result(event.table);
    else if (event.type === 'reveal') io.reveal(event.what, event.secret);
    else if (event.type === 'rollback')
      io.line(
        `${event.ok ? 'Rolled back' : `Not rolled back: ${event.text}`}: ${plan.steps[event.step]?.title}`,
      );
    else if (event.type === 'end') {
      if (event.status !== 'done') throw projectErrors.partFailed({ text: event.text });
      if (!event.ok) io.line(event.text, 'stderr');
      const { facts = {} } = readRun(context.journal, event.run) ?? {};
      const backups = Object.entries(facts).flatMap(([name, id]) =>
        name.startsWith('backup:') ? [String(id)] : [],
      );
      answer = { run: event.run, undo: event.undo, steps: plan.steps.length, backups };
    }
  }
  if (answer === undefined) throw projectErrors.partFailed({ text: `${plan.title} has not ended.` });
  return answer;
}
