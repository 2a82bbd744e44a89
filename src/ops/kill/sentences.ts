import { capital, uncapital } from '../../text/capital.ts';
import { cleanLine } from '../../text/clean.ts';
import { duration } from '../../text/units.ts';
import type { Outcome, Refusal, SignalAction, SignalPlan, SignalTarget } from './types.ts';

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

/** What became of a victim, in one or two sentences. Safe to print. */
export function outcomeSentence(outcome: Outcome): string {
  const { victim, kind } = outcome;
  const name = capital(sessionName(victim.target));
  const cause = outcome.reason === undefined ? '' : `: ${cleanLine(outcome.reason)}`;
  switch (kind) {
    case 'ended':
      return `${name} is gone${effect(outcome)}.`;
    case 'cancelled':
      return `The statement of ${uncapital(name)} is cancelled${effect(outcome)}.`;
    case 'already_gone':
      return `${name} was already gone; nothing was sent.`;
    case 'moved_on':
      return victim.guard.by === 'idle'
        ? `${name} is no longer idle; nothing was sent.`
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

/** What is about to happen, in one line. */
export function planSubject(action: SignalAction, targets: readonly SignalTarget[]): string {
  const verb = action === 'cancel' ? 'Cancel the statement of' : 'Terminate';
  const [only] = targets;
  return targets.length === 1 && only !== undefined
    ? `${verb} ${sessionName(only)}`
    : `${verb} ${sessions(targets.length)}`;
}

/** What the plan would free, in one sentence; undefined when nobody waits. */
export function freesSentence(plan: SignalPlan): string | undefined {
  if (plan.waitersUnknown !== undefined)
    return `Who waits for them is not known: ${cleanLine(plan.waitersUnknown)}`;
  if (plan.frees > 0) return `That frees ${sessions(plan.frees)} waiting for a lock.`;
  return plan.victims.some((victim) => victim.blocks.length > 0)
    ? 'That frees nobody: those who wait are also held up by others.'
    : undefined;
}

function effect({ freed, waiting, victim }: Outcome): string {
  if (victim.blocks.length === 0) return '';
  if (freed === null) return '; who waited for it could not be read';
  const go = `${sessions(freed)} ${freed === 1 ? 'goes' : 'go'} on`;
  const rest = waiting === null || waiting === 0 ? '' : `, ${waiting} still wait${waiting === 1 ? 's' : ''}`;
  return `; ${go}${rest}`;
}

function withRemedy(sentence: string, remedy: string | undefined): string {
  const ended = /[.!?]$/.test(sentence) ? sentence : `${sentence}.`;
  return remedy === undefined ? ended : `${ended} ${cleanLine(remedy)}`;
}
