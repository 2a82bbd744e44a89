import { createContext } from '../../ops/engine/context.ts';
import type { OpContext } from '../../ops/engine/operation.ts';
import { readOnlyRefusal } from '../../ops/engine/run/refusal.ts';
import { runPlan } from '../../ops/engine/run/runner.ts';
import { OpError } from '../../ops/error.ts';
import { entryOf } from '../../ops/registry.ts';
import { signalEvent } from '../../ops/signal/events.ts';
import { planSignal } from '../../ops/signal/plan.ts';
import { eventSentence, refusalSentence, sessions } from '../../ops/signal/sentences.ts';
import type { SignalPlan, SignalRequest } from '../../ops/signal/types.ts';
import type { Context } from '../context.ts';
import { EXIT, note, print, printJson, printJsonLine } from '../output.ts';
import { effectLine, outcomeLine, printPreview, refusedLine, wouldLine } from './report.ts';

interface Surroundings extends Pick<Context, 'env'> {
  readonly resolved: Awaited<ReturnType<Context['resolve']>>['resolved'];
}

/**
 * Shows whom a request would hit, or with `yes` signals them. Returns the exit code.
 * Throws {@link OpError} in read-only mode and {@link file://../../db/errors.ts DbError}.
 */
export async function signal(
  { resolved, env }: Surroundings,
  request: SignalRequest,
  { yes, json }: { readonly yes: boolean; readonly json: boolean },
): Promise<number> {
  if (resolved.readOnly) throw readOnlyRefusal(request.action);
  const context = createContext({ resolved, env, operations: entryOf });
  try {
    const plan = await planSignal(await context.control(), request, context);
    return yes ? await carryOut(plan, request, context, json) : await preview(plan, request, json);
  } finally {
    await context.close();
  }
}

async function preview(plan: SignalPlan, request: SignalRequest, json: boolean): Promise<number> {
  if (json)
    printJson({
      would: plan.victims.map(wouldLine),
      refused: plan.refused.map(refusedLine),
      frees: plan.waitersUnknown === undefined ? plan.frees : null,
    });
  else await printPreview(plan);
  if (plan.victims.length === 0) return nobody(plan, request);
  note(`pgdeck: Nothing was sent. Add --yes to ${plan.action} ${sessions(plan.victims.length)}.`);
  return EXIT.refused;
}

async function carryOut(
  plan: SignalPlan,
  request: SignalRequest,
  context: OpContext,
  json: boolean,
): Promise<number> {
  for (const refusal of plan.refused)
    if (json) printJsonLine({ type: 'refused', ...refusedLine(refusal) });
    else note(`pgdeck: ${refusalSentence(refusal)}`);
  const counts: Record<string, number> = {};
  let ok = !failed(plan);
  for await (const event of plan.victims.length === 0 ? [] : runPlan(plan, context)) {
    if (event.type === 'unrecorded') note(`pgdeck: ${event.text}`);
    if (event.type === 'end' && event.status === 'refused') throw new OpError('refused', event.text);
    if (event.type === 'finish') ok &&= event.ok;
    const told = signalEvent(plan, event);
    if (told === undefined) continue;
    if (told.kind !== 'effect') counts[told.kind] = (counts[told.kind] ?? 0) + 1;
    if (!json) print(eventSentence(told));
    else if (told.kind === 'effect') printJsonLine({ type: 'effect', ...effectLine(told) });
    else printJsonLine({ type: 'outcome', ...outcomeLine(told) });
  }
  if (json) printJsonLine({ type: 'end', ok, refused: plan.refused.length, ...counts });
  if (plan.victims.length === 0 && !failed(plan)) return nobody(plan, request);
  return ok ? EXIT.done : EXIT.failed;
}

/** Somebody who was meant is left alone; the sweep does not mean another pgdeck. */
function failed({ refused }: SignalPlan): boolean {
  return refused.some(({ why }) => why !== 'another_pgdeck');
}

/** Nobody can be hit: what was named is not there or is left alone; a search that finds nobody is done. */
function nobody(plan: SignalPlan, { pick }: SignalRequest): number {
  if (failed(plan)) {
    note('pgdeck: Nothing was sent.');
    return EXIT.failed;
  }
  note(
    'rootBlockers' in pick
      ? 'pgdeck: No session blocks another one.'
      : 'pgdeck: No session that this role may end has been idle for that long.',
  );
  return EXIT.done;
}
