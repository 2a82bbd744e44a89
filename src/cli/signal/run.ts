import { engineErrors } from '../../ops/engine/errors.ts';
import type { OpContext } from '../../ops/engine/operation.ts';
import type { OpEvent, Plan } from '../../ops/engine/plan.ts';
import { runPlan } from '../../ops/engine/run/runner.ts';
import { signalEvent } from '../../ops/signal/events.ts';
import { isSignalPlan } from '../../ops/signal/plan.ts';
import { eventSentence, refusalSentence, resultOf, sessions } from '../../ops/signal/sentences.ts';
import type { SignalEvent, SignalPlan } from '../../ops/signal/types.ts';
import { cleanLine } from '../../text/clean.ts';
import { type Answer, answered } from '../operation/confirm.ts';
import { interruptible } from '../operation/interrupt.ts';
import type { Flags } from '../operation/run.ts';
import { EXIT, note, print, printJson, printJsonLine } from '../output.ts';
import { effectLine, outcomeLine, printPreview, refusedLine, wouldLine } from './report.ts';

/** Shows whom a plan would hit, or signals them where that was answered with a yes. Returns the exit code. */
export async function carryOut(plan: Plan, context: OpContext, flags: Flags): Promise<number> {
  if (!isSignalPlan(plan)) throw new Error(`${plan.operation} sends no signal`);
  if (context.readOnly) throw engineErrors.readOnly({ operation: plan.operation });
  const json = flags.json ?? false;
  const answer = answered(plan, flags);
  return answer === 'yes' ? send(plan, context, json) : preview(plan, json, answer);
}

async function preview(plan: SignalPlan, json: boolean, answer: Answer | undefined): Promise<number> {
  if (json)
    printJson({
      would: plan.victims.map(wouldLine),
      refused: plan.refused.map(refusedLine),
      frees: plan.waitersUnknown === undefined ? plan.frees : null,
    });
  else await printPreview(plan);
  if (plan.victims.length === 0) return nobody(plan);
  note(
    answer === 'wrong name'
      ? `pgdeck: That is not the name: ${cleanLine(plan.subject)}. Nothing was sent.`
      : `pgdeck: Nothing was sent. Add --yes to ${plan.action} ${sessions(plan.victims.length)}.`,
  );
  return EXIT.refused;
}

async function send(plan: SignalPlan, context: OpContext, json: boolean): Promise<number> {
  for (const refusal of plan.refused)
    if (json) printJsonLine({ type: 'refused', ...refusedLine(refusal) });
    else note(`pgdeck: ${refusalSentence(refusal)}`);
  const counts: Record<string, number> = {};
  const seen: SignalEvent[] = [];
  let ok = !failed(plan);
  /** Where the journal has it. */
  let run: string | null = null;
  let recorded = true;
  let cancelled = false;
  for await (const event of events(plan, context)) {
    if (event.type === 'unrecorded') {
      recorded = false;
      note(`pgdeck: ${event.text}`);
    }
    if (event.type === 'begin' && recorded) run = event.run;
    if (event.type === 'end' && event.status === 'refused')
      throw engineErrors.runRefused({ why: event.text });
    if (event.type === 'end' && event.status === 'cancelled') cancelled = true;
    if (event.type === 'finish') ok &&= event.ok;
    const told = signalEvent(plan, event);
    if (told === undefined) continue;
    seen.push(told);
    if (told.kind !== 'effect') counts[told.kind] = (counts[told.kind] ?? 0) + 1;
    if (!json) print(told.kind === 'effect' ? resultOf(seen) : eventSentence(told));
    else if (told.kind === 'effect') printJsonLine({ type: 'effect', ...effectLine(told) });
    else printJsonLine({ type: 'outcome', ...outcomeLine(told) });
  }
  const status = cancelled ? 'cancelled' : ok ? 'done' : 'failed';
  if (json) printJsonLine({ type: 'end', ok, status, run, refused: plan.refused.length, ...counts });
  if (plan.victims.length === 0 && !failed(plan)) return nobody(plan);
  return ok ? EXIT.done : EXIT.failed;
}

/** What happens; nothing where nobody is hit. ^C sends no more, and tells what became of what was sent. */
async function* events(plan: SignalPlan, context: OpContext): AsyncGenerator<OpEvent, void> {
  if (plan.victims.length === 0) return;
  const { signal, release } = interruptible(() => 'What was sent stays sent; nothing more is.');
  try {
    yield* runPlan(plan, context, { signal });
  } finally {
    release();
  }
}

/** Somebody who was meant is left alone; the sweep does not mean another pgdeck. */
function failed({ refused }: SignalPlan): boolean {
  return refused.some(({ why }) => why !== 'another_pgdeck');
}

/** Nobody can be hit: what was named is not there or is left alone; a search that finds nobody is done. */
function nobody(plan: SignalPlan): number {
  if (failed(plan)) {
    note('pgdeck: Nothing was sent.');
    return EXIT.failed;
  }
  note(`pgdeck: ${plan.title}.`);
  return EXIT.done;
}
