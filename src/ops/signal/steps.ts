import type { DbError } from '../../db/errors.ts';
import type { Session } from '../../db/session.ts';
import { Later, Outcome } from '../engine/outcome.ts';
import type { Step, StepIo } from '../engine/plan.ts';
import { sentenceOf } from '../error.ts';
import { missingRight } from './protect.ts';
import { look, type Sent, send } from './send.ts';
import { effectSentence, outcomeSentence, sessionName } from './sentences.ts';
import type { Effect, OutcomeKind, SignalAction, SignalOutcome, Victim } from './types.ts';
import { effectOn, waitersBehind } from './waiting.ts';
import { Watch } from './watch.ts';

/**
 * A step for each victim, and one that tells what all together did for those who waited.
 *
 * All signals are sent before anybody is waited for: a session that rolls back for long does not keep the others
 * alive. `wait`: seconds until one is given up.
 */
export function signalSteps(action: SignalAction, victims: readonly Victim[], wait?: number): Step[] {
  let known: Watch | undefined;
  const watchOf = (run: string): Watch => {
    if (known?.run !== run) known = new Watch(run, action, wait);
    return known;
  };
  const behind = waitersBehind(victims);
  return [
    ...victims.map((victim) => sending(action, victim, watchOf)),
    ...(behind.size === 0 ? [] : [seeing(behind, watchOf)]),
  ];
}

type WatchOf = (run: string) => Watch;

/** Signals one session, and sees what becomes of it. */
function sending(action: SignalAction, victim: Victim, watchOf: WatchOf): Step {
  const notSent = (reason: string) => told({ victim, kind: 'not_sent', seconds: 0, reason });
  return {
    id: `signal:${victim.target.pid}`,
    title: sessionName(victim.target),
    preview: victim.sql,
    independent: true,
    alongside: true,
    unbegun: notSent,
    run: async ({ run, signal, control }) => {
      let session: Session;
      try {
        session = await control();
      } catch (error) {
        return notSent(sentenceOf(error));
      }
      const at = performance.now();
      const { lost } = session;
      const answer = send(session, action, victim);
      if (lost) {
        const sent = await answer;
        if (sent instanceof Error)
          return told(await notDelivered(session, action, victim, sent), sent.message);
      }
      // the next one is sent before this one is answered: far from the server each answer costs a round trip
      return new Later(async () => {
        const sent = await answer;
        if (sent instanceof Error && sent.kind === 'lost') return told(inDoubt(victim, sent));
        if (sent !== 'delivered') return told(await notDelivered(session, action, victim, sent));
        const watch = watchOf(run);
        watch.delivered = true;
        return told(await watch.end({ victim, at, session, signal }));
      });
    },
  };
}

/** Sees who is released, also when a victim stays or the rest was not signalled: whatever was sent has its effect. */
function seeing(behind: ReadonlySet<number>, watchOf: WatchOf): Step {
  return {
    id: 'effect',
    title: 'See who is released',
    preview: '',
    independent: true,
    always: true,
    run: async (io) => {
      if (!watchOf(io.run).delivered) return undefined;
      const waiters = await effect(behind, io);
      const text = effectSentence({ kind: 'effect', waiters });
      return new Outcome({ kind: 'effect', ok: true, text, facts: { waiters } });
    },
  };
}

async function effect(behind: ReadonlySet<number>, io: StepIo): Promise<Effect['waiters']> {
  try {
    return await effectOn(behind, await io.control(), io.signal);
  } catch {
    // unknown is said as such; the outcomes themselves are known
    return null;
  }
}

/** The connection broke while the signal was under way. */
function inDoubt(victim: Victim, { message }: DbError): SignalOutcome {
  const reason = `it is not known whether the signal arrived: ${message}`;
  return { victim, kind: 'failed', seconds: 0, reason };
}

async function notDelivered(
  session: Session,
  action: SignalAction,
  victim: Victim,
  sent: Exclude<Sent, 'delivered'>,
): Promise<SignalOutcome> {
  const outcome = (kind: OutcomeKind, why: Pick<SignalOutcome, 'reason' | 'remedy'> = {}) => ({
    ...{ victim, kind, seconds: 0 },
    ...why,
  });
  if (sent === 'nobody') {
    // no look is needed where the guard is the session itself
    const { by } = victim.guard;
    const guarded = by === 'query' || by === 'idle' || by === 'transaction';
    const [where] = guarded ? await look(session, action, [victim]) : [];
    return outcome(where === undefined || where === 'gone' ? 'already_gone' : 'moved_on');
  }
  if (sent.kind === 'denied')
    return outcome('not_permitted', {
      reason: sent.message,
      remedy: missingRight(victim.target, session.server),
    });
  return outcome('failed', { reason: sent.message, ...(sent.next !== undefined && { remedy: sent.next }) });
}

function told(outcome: SignalOutcome, stops?: string): Outcome {
  const { kind, seconds, reason, remedy } = outcome;
  return new Outcome({
    kind,
    stops,
    ok: isReached(outcome),
    text: outcomeSentence(outcome),
    facts: { seconds, ...(reason !== undefined && { reason }), ...(remedy !== undefined && { remedy }) },
  });
}

/** True when the session is as it was wished to be, by us or by itself. */
function isReached({ kind, victim }: SignalOutcome): boolean {
  if (kind === 'ended' || kind === 'cancelled' || kind === 'already_gone') return true;
  // no longer idle: the sweep does not mean it any more
  return kind === 'moved_on' && victim.guard.by === 'idle';
}
