import type { Session } from '../../../db/session.ts';
import { applicationNameOf, endBackends } from '../../database/end-backends.ts';
import { sentenceOf } from '../../error.ts';
import { markUndone, newRunId } from '../journal/journal.ts';
import type { OpContext } from '../operation.ts';
import { Later, Outcome } from '../outcome.ts';
import type { OpEvent, Plan, RunEnd, StepIo } from '../plan.ts';
import { crashPoint } from './crash.ts';
import { HeldLocks } from './held-locks.ts';
import { stepIo, type Untimed } from './io.ts';
import { Queue } from './queue.ts';
import { beginRecord, type RunRecord, recordStart } from './record.ts';
import { refusal } from './refusal.ts';
import { attempt, type End, finishOf, lastly } from './steps/answer.ts';
import { type Failed, failedWith, takeBack, takenBack, undoCommand } from './steps/outcome.ts';
import { runWatched } from './steps/waits.ts';
import { isGone, isUnreachable } from './unreachable.ts';
import { quietly } from './unwritable.ts';

export { applicationNameOf } from '../../database/end-backends.ts';
export { refusal } from './refusal.ts';

/**
 * Runs a confirmed plan and tells what happens. The last event is `end`, whatever happens; nothing is thrown.
 *
 * Steps run in order. When one fails or `signal` aborts, what was begun is taken back in reverse, and then the steps
 * that always run do. Every step is in the journal before it starts and after it ends. Whoever stops reading before
 * the end cancels the run.
 */
export async function* runPlan(
  plan: Plan,
  context: OpContext,
  { signal }: { readonly signal?: AbortSignal } = {},
): AsyncGenerator<OpEvent, void> {
  const queue = new Queue<OpEvent>();
  const abort = new AbortController();
  const either = AbortSignal.any([abort.signal, ...(signal === undefined ? [] : [signal])]);
  const drive = new Drive(plan, context, either, (event) =>
    queue.put({ at: context.now().getTime(), ...event } as OpEvent),
  );
  const driven = drive.go().finally(() => queue.close());
  try {
    yield* queue;
  } finally {
    abort.abort();
    await driven;
  }
}

type EndEvent = Extract<OpEvent, { type: 'end' }>;

/** One run from its first step to its last. */
class Drive {
  readonly #plan: Plan;
  readonly #context: OpContext;
  readonly #signal: AbortSignal;
  readonly #emit: (event: Untimed<OpEvent>) => void;
  readonly #id: string;
  readonly #sessions = new Set<Session>();
  readonly #started = performance.now();
  #locks: HeldLocks | undefined;
  /** Set once the run is asked to stop: what it still does on the server is being ended. */
  #ending: Promise<void> | undefined;
  #cancelled = false;
  /** Ids of the steps that were done. */
  readonly #done = new Set<string>();
  /** What failed after everything was in place. */
  readonly #regrets: string[] = [];
  /** Begun, and to be seen to its end. */
  #later: (() => Promise<string | undefined>)[] = [];
  /** Why no other step can be begun: the server is gone. */
  #stopped: string | undefined;
  #lost = false; // the way to programs elsewhere: nobody has ended them

  constructor(plan: Plan, context: OpContext, signal: AbortSignal, emit: (event: Untimed<OpEvent>) => void) {
    this.#plan = plan;
    this.#context = context;
    this.#signal = signal;
    this.#emit = emit;
    this.#id = newRunId(context.now());
  }

  async go(): Promise<void> {
    let journal: RunRecord;
    try {
      const refused = refusal(this.#plan, this.#context.readOnly);
      if (refused) throw refused;
      await this.#lock();
      journal = beginRecord(this.#plan, this.#context, {
        id: this.#id,
        identifier: this.#locks?.identifier,
        unrecorded: (text) => this.#emit({ type: 'unrecorded', text }),
      });
    } catch (error) {
      const refused = { text: this.#sentence(error), state: 'Nothing was changed.', undo: null };
      this.#end('refused', refused, isUnreachable(error));
      await this.#close();
      return;
    }
    const { title, steps } = this.#plan;
    this.#emit({ type: 'begin', run: this.#id, title, steps: steps.length });
    const failed = await this.#steps(journal);
    const status = failed === undefined ? 'done' : this.#cancelled ? 'cancelled' : 'failed';
    const { undoableWhenDone: whole, undoableInPart: part } = this.#plan;
    const undoable = status === 'done' ? whole?.() !== false : part?.() === true;
    const undo = undoable ? undoCommand(this.#plan, this.#id) : null;
    const { text, state } = failed ?? {
      text: [`${title}: done.`, ...this.#regrets].join('\n'),
      state: this.#redacted(this.#plan.reaches()),
    };
    await this.#close();
    quietly(() => journal.end(status, undo, text));
    const { undoes } = this.#plan;
    if (status === 'done' && undoes !== undefined)
      quietly(() => markUndone(this.#context.journal, undoes, this.#id));
    const next = status === 'cancelled' ? undefined : this.#plan.follows?.();
    this.#end(status, { text, state, undo, ...(next !== undefined && { next: this.#redacted(next) }) });
  }

  async #lock(): Promise<void> {
    const { locks = [] } = this.#plan;
    if (locks.length === 0) return;
    this.#locks = await HeldLocks.take(this.#context, `pgdeck-lock:${this.#id}`, locks);
  }

  /** Why the run failed, and what that leaves; undefined when it did not. */
  async #steps(journal: RunRecord): Promise<Failed | undefined> {
    const begun: number[] = [];
    const failure = await this.#forward(journal, begun);
    this.#cancelled = failure !== undefined && this.#signal.aborted;
    if (failure === undefined) return undefined;
    if (this.#lost) this.#ending ??= endBackends(this.#context, this.#id, this.#sessions);
    await this.#ending;
    return this.#back(journal, begun, failure);
  }

  /** Takes back what was begun, and does what is always done. */
  async #back(journal: RunRecord, begun: readonly number[], why: string): Promise<Failed> {
    const { steps } = this.#plan;
    let failure = why;
    const back = takenBack(steps, this.#done);
    let left = false;
    for (const at of begun.toReversed()) {
      const step = steps[at];
      if (step === undefined || !back.includes(step)) continue;
      const text = await this.#rollback(journal, at);
      left ||= text !== undefined;
      if (text !== undefined) failure += `\nNot rolled back: ${steps[at]?.title}: ${text}`;
    }
    for (const [at, step] of steps.entries())
      if (step.always === true && begun.length > 0 && !begun.includes(at)) {
        const again = await this.#step(journal, at);
        if (again !== undefined) failure += `\n${again}`;
      }
    return failedWith(this.#plan, this.#context, failure, { done: this.#done, takenBack: !left });
  }

  /** Until one fails that others need, or the run is asked to stop; `begun` is told which were begun. */
  async #forward(journal: RunRecord, begun: number[]): Promise<string | undefined> {
    const { steps, momentary } = this.#plan;
    const failures: string[] = [];
    let cancelled = false;
    const end = () => {
      this.#ending ??= endBackends(this.#context, this.#id, this.#sessions);
    };
    // at once: a step that waits for an answer of the server would not see the wish before that
    if (momentary !== true) this.#signal.addEventListener('abort', end, { once: true });
    try {
      for (const [at, step] of steps.entries()) {
        if (step.alongside !== true) failures.push(...(await this.#ended()));
        cancelled = this.#signal.aborted;
        if (cancelled) break;
        begun.push(at);
        const failure = await this.#step(journal, at, this.#signal);
        if (failure === undefined) continue;
        if (step.late === true && !this.#signal.aborted && failures.length === 0) {
          this.#regrets.push(`But this failed: ${failure}`);
          continue;
        }
        failures.push(failure);
        if (step.independent !== true || this.#signal.aborted || this.#stopped !== undefined) break;
      }
      failures.push(...this.#unbegun(journal, begun), ...(await this.#ended()));
      if (cancelled) failures.unshift('It was cancelled.');
      return failures.length === 0 ? undefined : failures.join('\n');
    } finally {
      // what is taken back after this is not cancelled
      this.#signal.removeEventListener('abort', end);
    }
  }

  /** Tells of the steps whose turn has not come. */
  #unbegun(journal: RunRecord, begun: readonly number[]): string[] {
    const why = this.#signal.aborted ? 'the run was stopped' : (this.#stopped ?? 'a step before it failed');
    return this.#plan.steps.flatMap((step, at) => {
      const end = begun.includes(at) ? undefined : step.unbegun?.(why);
      return (end && this.#finish(journal, at, performance.now(), end)) ?? [];
    });
  }

  /** Sees to the end of everything that was begun and comes later; answers what failed. */
  async #ended(): Promise<string[]> {
    const ends = await Promise.all(this.#later.splice(0).map((end) => end()));
    return ends.filter((failure) => failure !== undefined);
  }

  /** Why it failed, with the step's name; undefined when it did not, or comes to its end later. */
  async #step(journal: RunRecord, at: number, signal?: AbortSignal): Promise<string | undefined> {
    const step = this.#plan.steps[at];
    if (step === undefined) return undefined;
    const started = performance.now();
    const thrown = (error: unknown) => {
      if (isUnreachable(error)) this.#stopped = error.message;
      this.#lost ||= isGone(error);
      return this.#sentence(error);
    };
    const begin = () => {
      recordStart(journal, at, this.#context);
      this.#emit({ type: 'start', step: at, id: step.id, title: step.title });
      crashPoint(this.#context.env, step.id);
      return runWatched(step, this.#io(journal, at, signal), this.#context);
    };
    const answer = await attempt(begin, signal, thrown);
    if (!(answer instanceof Later)) return this.#finish(journal, at, started, answer);
    this.#later.push(async () => this.#finish(journal, at, started, await lastly(answer, thrown)));
    return undefined;
  }

  /** Tells how a step has ended; answers why it failed, with its name. */
  #finish(journal: RunRecord, at: number, started: number, end: End): string | undefined {
    const step = this.#plan.steps[at];
    if (step === undefined) return undefined;
    const finish = finishOf(end, this.#context.secrets);
    const { ok, ...told } = finish;
    const { text, outcome } = told;
    if (end instanceof Outcome) this.#stopped ??= end.stops;
    if (ok) this.#done.add(step.id);
    quietly(() => journal.finishStep(at, ok, text ?? 'done', outcome));
    crashPoint(this.#context.env, `${step.id}:end`);
    this.#emit({ type: 'finish', step: at, ok, ms: Math.round(performance.now() - started), ...told });
    if (ok) return undefined;
    return outcome === undefined ? `${step.title}: ${text}` : text;
  }

  /** Why it could not be taken back; undefined when it could. */
  async #rollback(journal: RunRecord, at: number): Promise<string | undefined> {
    const step = this.#plan.steps[at];
    const taken = step && (await takeBack(step, this.#io(journal, at)));
    if (taken === undefined) return undefined;
    const text = taken.text === null ? undefined : this.#redacted(taken.text);
    const event = {
      type: 'rollback' as const,
      step: at,
      ok: text === undefined,
      ...(text !== undefined && { text }),
    };
    quietly(() => journal.write(event));
    this.#emit(event);
    return text && `${text}${taken.again ? ' To try again: pgdeck recover' : ''}`;
  }

  /** What is undone or must always run is not stopped by the cancellation that made it necessary. */
  #io(journal: RunRecord, at: number, signal: AbortSignal = new AbortController().signal): StepIo {
    return stepIo(
      {
        context: this.#context,
        journal,
        applicationName: applicationNameOf(this.#id),
        signal,
        sessions: this.#sessions,
        emit: this.#emit,
      },
      at,
    );
  }

  async #close(): Promise<void> {
    const open = [...this.#sessions, ...(this.#locks ? [this.#locks] : [])];
    this.#sessions.clear();
    await Promise.all(open.map((session) => session.close()));
  }

  #end(status: RunEnd, told: Failed & Pick<EndEvent, 'undo' | 'next'>, unreachable = false): void {
    const ms = Math.round(performance.now() - this.#started);
    const ok = status === 'done' && this.#regrets.length === 0;
    this.#emit({ type: 'end', ok, status, run: this.#id, ms, ...told, ...(unreachable && { unreachable }) });
  }

  #sentence(error: unknown): string {
    return this.#redacted(sentenceOf(error));
  }

  #redacted(text: string): string {
    return this.#context.secrets.redact(text);
  }
}
