import { setTimeout as delay } from 'node:timers/promises';
import { freedBy, heldUpBy, waitGraph } from '../../db/blocking.ts';
import type { Session } from '../../db/client.ts';
import type { DbError } from '../../db/errors.ts';
import { waitingRows } from './plan.ts';
import { missingRight } from './protect.ts';
import { refuseReadOnly } from './read-only.ts';
import { look, type Sent, send, type Whereabouts } from './send.ts';
import type { Effect, Outcome, OutcomeKind, RunOptions, SignalEvent, SignalPlan, Victim } from './types.ts';

const DEFAULT_WAIT = 5;
const FIRST_LOOK_MS = 10;
const LONGEST_PAUSE_MS = 400;

interface Pending {
  readonly victim: Victim;
  readonly sentAt: number;
}

/**
 * Signals the victims of a plan, each once, and reports what became of each as soon as it is known, and last what
 * that did for those who waited behind them.
 *
 * All signals are sent before anybody is waited for: a session that rolls back for long does not keep the others
 * alive. A victim's failure is an outcome; throws {@link DbError} (kind `denied`) only in read-only mode.
 */
export async function* runSignal(
  session: Session,
  plan: SignalPlan,
  options: RunOptions = {},
): AsyncGenerator<SignalEvent, void, undefined> {
  refuseReadOnly(options, plan.action);
  const pending: Pending[] = [];
  let lost: DbError | undefined;
  for (const victim of unique(plan.victims)) {
    const stopped = lost?.message ?? (options.signal?.aborted ? 'the run was stopped' : undefined);
    if (stopped !== undefined) {
      yield outcome(victim, 'not_sent', 0, { reason: stopped });
      continue;
    }
    const sentAt = performance.now();
    const sent = await send(session, plan.action, victim);
    if (sent === 'delivered') pending.push({ victim, sentAt });
    else yield await notDelivered(session, plan, victim, sent);
    if (session.lost && sent instanceof Error) lost = sent;
  }
  yield* settle(session, plan, pending, options);
  const effect = pending.length === 0 ? undefined : await effectOf(session, plan);
  if (effect !== undefined) yield effect;
}

/** Waits until the signalled are seen to be gone, or the time is up. */
async function* settle(
  session: Session,
  plan: SignalPlan,
  sent: readonly Pending[],
  { signal, wait = DEFAULT_WAIT }: RunOptions,
): AsyncGenerator<Outcome, void, undefined> {
  const deadline = performance.now() + wait * 1000;
  let pending = sent;
  for (let pause = FIRST_LOOK_MS; pending.length > 0; pause = Math.min(pause * 1.6, LONGEST_PAUSE_MS)) {
    await delay(pause, undefined, { ...(signal && { signal }) }).catch(() => {});
    const found = await look(
      session,
      plan.action,
      pending.map((one) => one.victim),
    );
    const last = performance.now() >= deadline || signal?.aborted === true;
    const rest: Pending[] = [];
    const done: [Pending, OutcomeKind, Whereabouts][] = [];
    for (const [at, one] of pending.entries()) {
      const where = found[at] ?? 'gone';
      const kind = verdict(plan, where, last);
      if (kind === undefined) rest.push(one);
      else done.push([one, kind, where]);
    }
    for (const [{ victim, sentAt }, kind, where] of done)
      yield {
        ...outcome(victim, kind, (performance.now() - sentAt) / 1000),
        ...(where instanceof Error && {
          reason: `the signal was delivered, but what it did is not known: ${where.message}`,
        }),
      };
    pending = rest;
  }
}

function verdict(plan: SignalPlan, where: Whereabouts, last: boolean): OutcomeKind | undefined {
  if (where === 'gone' || where === 'done') return plan.action === 'cancel' ? 'cancelled' : 'ended';
  if (where === 'unknown') return 'sent';
  // busy for a moment is no reason to give up looking
  if (where instanceof Error) return last || where.kind !== 'busy' ? 'failed' : undefined;
  return last ? 'still_there' : undefined;
}

async function notDelivered(
  session: Session,
  plan: SignalPlan,
  victim: Victim,
  sent: Exclude<Sent, 'delivered'>,
): Promise<Outcome> {
  if (sent === 'nobody') {
    // terminate needs no look: the guard is the session itself
    const guarded = victim.guard.by === 'query' || victim.guard.by === 'idle';
    const [where] = guarded ? await look(session, plan.action, [victim]) : [];
    return outcome(victim, where === undefined || where === 'gone' ? 'already_gone' : 'moved_on', 0);
  }
  if (sent.kind === 'denied')
    return outcome(victim, 'not_permitted', 0, {
      reason: sent.message,
      remedy: missingRight(victim.target, session.server),
    });
  return outcome(victim, 'failed', 0, {
    reason: sent.message,
    ...(sent.next !== undefined && { remedy: sent.next }),
  });
}

function outcome(
  victim: Victim,
  kind: OutcomeKind,
  seconds: number,
  why: { reason?: string; remedy?: string } = {},
): Outcome {
  return { victim, kind, seconds, ...why };
}

function unique(victims: readonly Victim[]): Victim[] {
  return [...new Map(victims.map((victim) => [victim.target.pid, victim])).values()];
}

/** What the signals did for those behind the victims; undefined when nobody waited. */
async function effectOf(session: Session, plan: SignalPlan): Promise<Effect | undefined> {
  // a victim that waited itself is not freed but gone
  const victims = new Set(plan.victims.map((victim) => victim.target.pid));
  const behind = new Set(plan.victims.flatMap((victim) => victim.blocks).filter((pid) => !victims.has(pid)));
  if (behind.size === 0) return undefined;
  try {
    const graph = waitGraph(await waitingRows(session));
    const left = [...behind].filter((pid) => graph.has(pid));
    const turns = new Set(freedBy(graph, new Set([...behind].filter((pid) => !graph.has(pid)))));
    const waiting = left.filter((pid) => !turns.has(pid));
    return {
      kind: 'effect',
      waiters: {
        freed: behind.size - left.length,
        inTurn: left.length - waiting.length,
        waiting: waiting.length,
        by: heldUpBy(graph, waiting),
      },
    };
  } catch {
    // unknown is said as such; the outcomes themselves are known
    return { kind: 'effect', waiters: null };
  }
}
