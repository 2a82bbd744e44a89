import { capital, uncapital } from '../../text/capital.ts';
import { cleanLine } from '../../text/clean.ts';
import { duration, durationText } from '../../text/units.ts';
import type {
  Effect,
  Hits,
  OutcomeKind,
  Refusal,
  SignalAction,
  SignalEvent,
  SignalOutcome,
  SignalPick,
  SignalTarget,
  Victim,
} from './types.ts';

/** `session 4711 of app@shop (psql)`: how a session is called in sentences. Safe to print. */
export function sessionName(target: SignalTarget): string {
  const place = target.datname === null ? '' : `@${target.datname}`;
  const owner = target.usename === null ? '' : ` of ${target.usename}${place}`;
  const application = target.application_name ? ` (${target.application_name})` : '';
  return cleanLine(`session ${target.pid}${owner}${application}`);
}

/** `1 session`, `3 sessions`. */
export function sessions(n: number): string {
  return `${n} ${n === 1 ? 'session' : 'sessions'}`;
}

/** A line of the result. Safe to print. */
export function eventSentence(event: SignalEvent): string {
  return event.kind === 'effect' ? effectSentence(event) : outcomeSentence(event);
}

/** True when it is as it was wished to be. */
export function isGood(event: SignalEvent): boolean {
  return event.kind === 'effect'
    ? event.waiters?.waiting === 0
    : event.kind === 'ended' || event.kind === 'cancelled';
}

/** What became of a victim, in one or two sentences. Safe to print. */
export function outcomeSentence(outcome: SignalOutcome): string {
  const { victim, kind } = outcome;
  const name = capital(sessionName(victim.target));
  const cause = outcome.reason === undefined ? '' : `: ${cleanLine(outcome.reason)}`;
  switch (kind) {
    case 'ended':
      return `${name} is gone.`;
    case 'cancelled':
      return `The statement of ${uncapital(name)} is cancelled.`;
    case 'already_gone':
      return `${name} was already gone; nothing was sent.`;
    case 'moved_on':
      if (victim.guard.by === 'idle') return `${name} is no longer idle; nothing was sent.`;
      return victim.guard.by === 'transaction'
        ? `${name} has ended the transaction that held the lock; nothing was sent.`
        : `${name} no longer runs that statement; nothing was sent.`;
    case 'not_permitted':
      return withRemedy(`${name} may not be signalled by this role${cause}`, outcome.remedy);
    case 'sent':
      return `${name} got the signal; whether its statement stopped is hidden from this role.`;
    case 'still_there':
      return victim.guard.by === 'query'
        ? `${name} got the signal and runs its statement still after ${duration(outcome.seconds)}: terminating it ends it for good.`
        : `${name} got the signal and is still there after ${duration(outcome.seconds)}: it may be rolling back a big transaction, or be stuck in the operating system.`;
    case 'not_sent':
      return withRemedy(`${name} was not signalled${cause}`, outcome.remedy);
    case 'failed':
      return withRemedy(`${name} could not be signalled${cause}`, outcome.remedy);
  }
}

/** Why a session is left alone, with the next step. Safe to print. */
export function refusalSentence(refusal: Refusal): string {
  return withRemedy(cleanLine(refusal.reason), refusal.remedy);
}

/** Who is hit: a session by its name, several by their number. */
export function subjectOf(victims: readonly Victim[]): string {
  const [only] = victims;
  return victims.length === 1 && only !== undefined ? sessionName(only.target) : sessions(victims.length);
}

/** What is about to happen, in one line. */
export function titleOf({ action, victims, limited }: Hits, pick: SignalPick): string {
  if (victims.length === 0) {
    if ('rootBlockers' in pick) return 'No session blocks another one';
    const whose = limited ? ' that this role may end' : '';
    return 'idleLongerThan' in pick
      ? `No session${whose} has been idle for over ${durationText(pick.idleLongerThan)}`
      : `No session to ${action}`;
  }
  return `${action === 'cancel' ? 'Cancel the statement of' : 'Terminate'} ${subjectOf(victims)}`;
}

/** What it means for whoever is hit. */
export const CONSEQUENCE: Readonly<Record<SignalAction, string>> = {
  cancel:
    'The statement fails and its transaction is rolled back, to a savepoint if it has one; the session stays.',
  terminate: 'The transaction is rolled back and the client loses its connection. This cannot be undone.',
};

/** What the plan would free, in one sentence; undefined when nobody waits. */
export function freesSentence(plan: Hits): string | undefined {
  if (plan.waitersUnknown !== undefined)
    return `Who waits for them is not known: ${cleanLine(plan.waitersUnknown)}`;
  const { frees, heldUp } = plan;
  const turn = plan.kept
    ? ' at most, in turn: who gets the advisory lock may keep it as long as its session'
    : '';
  const freed = frees > 0 ? `That frees ${sessions(frees)} waiting for a lock${turn}` : 'That frees nobody';
  if (heldUp === undefined) return frees > 0 ? `${freed}.` : undefined;
  const { waiters, by, freesTogether } = heldUp;
  const more = frees > 0 ? ' more' : '';
  if (by.length === 0) return `${freed}: ${sessions(waiters)}${more} wait for each other.`;
  return `${freed}: ${waiters}${more} ${waiters === 1 ? 'waits' : 'wait'} for ${blockersName(by)} too; ending ${by.length > 1 || plan.victims.length > 1 ? 'all' : 'both'} frees ${freesTogether}.`;
}

/** What that did for those who waited, in the plan's own figures. Safe to print. */
export function effectSentence(effect: Effect): string {
  return capital(`${released(effect, (n) => (n === 0 ? 'no session' : sessions(n)))}.`);
}

/** `57 sessions released`, `1 released, 56 follow in turn; 2 still wait for 2136`: who waits is not released yet. */
function released({ waiters }: Effect, counted: (n: number) => string): string {
  if (waiters === null) return 'who waited for them could not be read';
  const { freed, inTurn, waiting, by, gone = 0 } = waiters;
  const turns = inTurn === 0 ? '' : `, ${inTurn} ${inTurn === 1 ? 'follows' : 'follow'} in turn`;
  const left = gone === 0 ? '' : `, ${gone} went away while waiting`;
  const all = `${counted(freed)} released${left}${turns}`;
  if (waiting === 0) return all;
  return `${all}; ${waiting} still wait${waiting === 1 ? 's' : ''}${by.length === 0 ? '' : ` for ${blockersName(by)}`}`;
}

/** What became of a victim, behind its pid. */
const BRIEF: Readonly<Record<OutcomeKind, string>> = {
  ended: 'ended',
  cancelled: 'cancelled',
  already_gone: 'gone already',
  moved_on: 'moved on',
  not_permitted: 'not permitted',
  sent: 'signalled',
  still_there: 'still there',
  not_sent: 'not signalled',
  failed: 'failed',
};

/** All of it in one line: `2133 and 2136 ended: 57 released.` Safe to print. */
export function resultOf(events: readonly SignalEvent[]): string {
  const outcomes = events.filter((event) => event.kind !== 'effect');
  const effect = events.find((event) => event.kind === 'effect');
  const groups = [...Map.groupBy(outcomes, ({ kind }) => kind)].map(
    ([kind, of]) => `${pidsName(of.map(({ victim }) => victim.target.pid))} ${BRIEF[kind]}`,
  );
  return `${[groups.join(', '), ...(effect ? [released(effect, (n) => (n === 0 ? 'nobody' : String(n)))] : [])].join(': ')}.`;
}

/** `2133`, `2133 and 2136`, `5 sessions`. */
function pidsName(pids: readonly number[]): string {
  if (pids.length > 3) return sessions(pids.length);
  return pids.length < 2 ? pids.join() : `${pids.slice(0, -1).join(', ')} and ${pids.at(-1)}`;
}

/** `2136`, `2136 and 2137`, `4 other sessions`. */
function blockersName(pids: readonly number[]): string {
  if (pids.length > 3) return `${pids.length} other sessions`;
  return pids.map((pid) => (pid <= 0 ? 'a prepared transaction' : String(pid))).join(' and ');
}

function withRemedy(sentence: string, remedy: string | undefined): string {
  const ended = /[.!?]$/.test(sentence) ? sentence : `${sentence}.`;
  return remedy === undefined ? ended : `${ended} ${cleanLine(remedy)}`;
}
