import type { Session } from '../../db/client.ts';
import { Journal } from '../engine/journal/journal.ts';
import { refuseReadOnly } from './read-only.ts';
import { runSignal } from './run.ts';
import { effectSentence, outcomeSentence, sessionName } from './sentences.ts';
import type { Effect, Outcome, RunOptions, SignalEvent, SignalPlan } from './types.ts';

export interface JournaledOptions extends RunOptions {
  /** Directory of the journal; without one no record is kept. */
  readonly journal: string | undefined;
  /** `user@host:port/database`, for the record. */
  readonly server: string;
  /** Told when the record cannot be written. A session that blocks everybody is ended all the same. */
  readonly onUnrecorded?: (sentence: string) => void;
}

/** Signals the victims of a plan and keeps a record of it: who before anything is sent, what became of each after. */
export async function* journaledSignal(
  session: Session,
  plan: SignalPlan,
  { journal, server, onUnrecorded, ...options }: JournaledOptions,
): AsyncGenerator<SignalEvent, void, undefined> {
  refuseReadOnly(options, plan.action);
  const record =
    journal === undefined || plan.victims.length === 0
      ? undefined
      : begin(journal, server, plan, onUnrecorded);
  const outcomes: Outcome[] = [];
  let effect: Effect | undefined;
  try {
    for (const step of plan.victims.keys()) record?.startStep(step);
    for await (const event of runSignal(session, plan, options)) {
      if (event.kind === 'effect') {
        effect = event;
        yield event;
        continue;
      }
      const outcome = event;
      outcomes.push(outcome);
      const step = plan.victims.findIndex((victim) => victim.target.pid === outcome.victim.target.pid);
      record?.finishStep(step, isDone(outcome), outcomeSentence(outcome));
      yield outcome;
    }
  } finally {
    const complete = outcomes.length >= plan.victims.length;
    const cancelled = options.signal?.aborted === true;
    const status = cancelled ? 'cancelled' : complete && outcomes.every(isDone) ? 'done' : 'failed';
    record?.end(status, null, effect && effectSentence(effect));
  }
}

function begin(
  directory: string,
  server: string,
  plan: SignalPlan,
  onUnrecorded: JournaledOptions['onUnrecorded'],
): Journal | undefined {
  try {
    return Journal.begin(directory, {
      operation: plan.action,
      subject: plan.subject,
      server,
      steps: plan.victims.map(({ target, sql }) => ({ title: sessionName(target), preview: sql })),
    });
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    onUnrecorded?.(`No record of this is kept: ${directory} cannot be written (${code}).`);
    return undefined;
  }
}

function isDone({ kind }: Outcome): boolean {
  return kind === 'ended' || kind === 'cancelled' || kind === 'already_gone';
}
