import { withPassword } from '../../config/password.ts';
import type { Resolved } from '../../config/profile.ts';
import { UsageError } from '../../config/usage-error.ts';
import { connect, type Session } from '../../db/client.ts';
import { place } from '../../db/errors.ts';
import { journaledSignal } from '../../ops/signal/journaled.ts';
import { planSignal } from '../../ops/signal/plan.ts';
import { READ_ONLY_NEXT, readOnlySentence } from '../../ops/signal/read-only.ts';
import { effectSentence, outcomeSentence, refusalSentence, sessions } from '../../ops/signal/sentences.ts';
import type { Outcome, SignalPlan, SignalRequest } from '../../ops/signal/types.ts';
import { EXIT, note, print, printJson, printJsonLine } from '../output.ts';
import { effectLine, outcomeLine, printPreview, refusedLine, wouldLine } from './report.ts';

/**
 * Shows whom a request would hit, or with `yes` signals them. Returns the exit code.
 * Throws {@link UsageError} in read-only mode and {@link file://../../db/errors.ts DbError}.
 */
export async function signal(
  resolved: Resolved,
  request: SignalRequest,
  { yes, json, journal }: { yes: boolean; json: boolean; journal: string },
): Promise<number> {
  const { readOnly } = resolved;
  if (readOnly) throw new UsageError(readOnlySentence(request.action), READ_ONLY_NEXT);
  const session = await withPassword(resolved.passwords, () =>
    connect(resolved.target, 'control', 'pgdeck-control'),
  );
  try {
    const plan = await planSignal(session, request, { readOnly });
    if (yes) return await carryOut(session, plan, request, json, { journal, server: place(resolved.target) });
    return await preview(plan, request, json);
  } finally {
    await session.close();
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
  session: Session,
  plan: SignalPlan,
  request: SignalRequest,
  json: boolean,
  record: { journal: string; server: string },
): Promise<number> {
  for (const refusal of plan.refused)
    if (json) printJsonLine({ type: 'refused', ...refusedLine(refusal) });
    else note(`pgdeck: ${refusalSentence(refusal)}`);
  const counts: Record<string, number> = {};
  let ok = !failed(plan);
  for await (const outcome of journaledSignal(session, plan, { ...record, onUnrecorded: tell })) {
    if (outcome.kind === 'effect') {
      if (json) printJsonLine({ type: 'effect', ...effectLine(outcome) });
      else print(effectSentence(outcome));
      continue;
    }
    counts[outcome.kind] = (counts[outcome.kind] ?? 0) + 1;
    ok &&= reached(outcome);
    if (json) printJsonLine({ type: 'outcome', ...outcomeLine(outcome) });
    else print(outcomeSentence(outcome));
  }
  if (json) printJsonLine({ type: 'end', ok, refused: plan.refused.length, ...counts });
  if (plan.victims.length === 0 && !failed(plan)) return nobody(plan, request);
  return ok ? EXIT.done : EXIT.failed;
}

const tell = (sentence: string) => note(`pgdeck: ${sentence}`);

/** True when the session is as it was wished to be, by us or by itself. */
function reached({ kind, victim }: Outcome): boolean {
  if (kind === 'ended' || kind === 'cancelled' || kind === 'already_gone') return true;
  // no longer idle: the sweep does not mean it any more
  return kind === 'moved_on' && victim.guard.by === 'idle';
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
