import type { Session } from '../../../db/session.ts';
import { applicationNameOf, endBackends } from '../../database/end-backends.ts';
import { systemIdentifier } from '../../database/identity.ts';
import { maintenanceSession } from '../../database/maintenance.ts';
import { sentenceOf } from '../../error.ts';
import { Journal, markUndone, newRunId } from '../journal/journal.ts';
import type { OpContext } from '../operation.ts';
import type { OpEvent, Plan, RunEnd, StepIo } from '../plan.ts';
import { crashPoint } from './crash.ts';
import { stepIo, type Untimed } from './io.ts';
import { takeLocks } from './lock.ts';
import { Queue } from './queue.ts';
import { refusal } from './refusal.ts';
import { takeBack, takenBack, withState } from './steps/outcome.ts';
import { runWatched } from './steps/waits.ts';
import { isUnreachable } from './unreachable.ts';
import { quietly, unwritable } from './unwritable.ts';

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
  const stop = () => abort.abort();
  if (signal?.aborted) stop();
  signal?.addEventListener('abort', stop, { once: true });
  const drive = new Drive(plan, context, abort.signal, (event) =>
    queue.put({ at: context.now().getTime(), ...event } as OpEvent),
  );
  const driven = drive.go().finally(() => queue.close());
  try {
    yield* queue;
  } finally {
    stop();
    await driven;
    signal?.removeEventListener('abort', stop);
  }
}

/** One run from its first step to its last. */
class Drive {
  readonly #plan: Plan;
  readonly #context: OpContext;
  readonly #signal: AbortSignal;
  readonly #emit: (event: Untimed<OpEvent>) => void;
  readonly #id: string;
  readonly #sessions = new Set<Session>();
  readonly #started = performance.now();
  #locks: Session | undefined;
  #identifier: string | undefined;
  /** Set once the run is asked to stop: what it still does on the server is being ended. */
  #ending: Promise<void> | undefined;
  #cancelled = false;
  /** Ids of the steps that were done. */
  readonly #done = new Set<string>();
  /** What failed after everything was in place. */
  readonly #regrets: string[] = [];
  /** The server was gone when the last step failed. */
  #unreachable = false;

  constructor(plan: Plan, context: OpContext, signal: AbortSignal, emit: (event: Untimed<OpEvent>) => void) {
    this.#plan = plan;
    this.#context = context;
    this.#signal = signal;
    this.#emit = emit;
    this.#id = newRunId(context.now());
  }

  async go(): Promise<void> {
    let journal: Journal;
    try {
      const refused = refusal(this.#plan, this.#context.readOnly);
      if (refused) throw refused;
      await this.#lock();
      journal = this.#begin();
    } catch (error) {
      this.#end('refused', this.#sentence(error), null, isUnreachable(error));
      await this.#close();
      return;
    }
    this.#emit({
      type: 'begin',
      run: this.#id,
      title: this.#plan.title,
      steps: this.#plan.steps.length,
    });
    const failure = await this.#steps(journal);
    const status = failure === undefined ? 'done' : this.#cancelled ? 'cancelled' : 'failed';
    const undo = status === 'done' ? this.#undo() : null;
    const text = failure ?? [`${this.#plan.title}: done.`, ...this.#regrets].join('\n');
    await this.#close();
    quietly(() => journal.end(status, undo, text));
    const { undoes } = this.#plan;
    if (status === 'done' && undoes !== undefined)
      quietly(() => markUndone(this.#context.journal, undoes, this.#id));
    this.#end(status, text, undo);
  }

  async #lock(): Promise<void> {
    const { locks = [] } = this.#plan;
    if (locks.length === 0) return;
    this.#locks = await maintenanceSession(this.#context, `pgdeck-lock:${this.#id}`);
    await takeLocks(this.#locks, locks);
    this.#identifier = await systemIdentifier(this.#locks);
  }

  #begin(): Journal {
    const { journal, secrets, now, env, connection } = this.#context;
    const { operation, title, server, input, steps } = this.#plan;
    try {
      return Journal.begin(
        journal,
        {
          operation,
          subject: title,
          server,
          connection,
          system_identifier: this.#identifier,
          input,
          job: env.PGDECK_JOB,
          steps: steps.map((step) => ({
            id: step.id,
            title: step.title,
            preview: secrets.redact(step.preview),
          })),
        },
        now(),
        this.#id,
      );
    } catch (error) {
      throw unwritable(error, journal, 'refused');
    }
  }

  /** Why the run failed; undefined when it did not. */
  async #steps(journal: Journal): Promise<string | undefined> {
    const { steps } = this.#plan;
    const begun: number[] = [];
    let failure = await this.#forward(journal, begun);
    this.#cancelled = failure !== undefined && this.#signal.aborted;
    if (failure === undefined || begun.length === 0) return failure;
    await this.#ending;
    const back = takenBack(steps, this.#done);
    let left = false;
    for (const at of begun.toReversed()) {
      const step = steps[at];
      if (step === undefined || !back.includes(step)) continue;
      const text = await this.#rollback(journal, at);
      left ||= text !== undefined;
      if (text !== undefined) failure += `\nNot taken back: ${steps[at]?.title}: ${text}`;
    }
    for (const [at, step] of steps.entries())
      if (step.always === true && !begun.includes(at)) {
        const again = await this.#step(journal, at);
        if (again !== undefined) failure += `\n${step.title}: ${again}`;
      }
    return this.#redacted(withState(failure, this.#plan, { done: this.#done, takenBack: !left }));
  }

  /** Until one fails that others need, or the run is asked to stop; `begun` is told which were begun. */
  async #forward(journal: Journal, begun: number[]): Promise<string | undefined> {
    const failures: string[] = [];
    const end = () => {
      this.#ending ??= endBackends(this.#context, this.#id, this.#sessions);
    };
    // at once: a step that waits for an answer of the server would not see the wish before that
    this.#signal.addEventListener('abort', end, { once: true });
    try {
      for (const [at, step] of this.#plan.steps.entries()) {
        if (this.#signal.aborted) return ['It was cancelled.', ...failures].join('\n');
        begun.push(at);
        const failure = await this.#step(journal, at, this.#signal);
        if (failure === undefined) continue;
        if (step.late === true && !this.#signal.aborted && failures.length === 0) {
          this.#regrets.push(`But this failed: ${step.title}: ${failure}`);
          continue;
        }
        failures.push(`${step.title}: ${failure}`);
        if (step.independent !== true || this.#signal.aborted || this.#unreachable) break;
      }
      return failures.length === 0 ? undefined : failures.join('\n');
    } finally {
      // what is taken back after this is not cancelled
      this.#signal.removeEventListener('abort', end);
    }
  }

  async #step(journal: Journal, at: number, signal?: AbortSignal): Promise<string | undefined> {
    const step = this.#plan.steps[at];
    if (step === undefined) return undefined;
    const started = performance.now();
    let failure: string | undefined;
    try {
      this.#startStep(journal, at);
      this.#emit({ type: 'start', step: at, id: step.id, title: step.title });
      crashPoint(this.#context.env, step.id);
      await runWatched(step, this.#io(journal, at, signal), this.#context);
      signal?.throwIfAborted();
    } catch (error) {
      failure = signal?.aborted ? 'cancelled.' : this.#sentence(error);
      this.#unreachable = isUnreachable(error);
    }
    if (failure === undefined) this.#done.add(step.id);
    const ms = Math.round(performance.now() - started);
    quietly(() => journal.finishStep(at, failure === undefined, failure ?? 'done'));
    crashPoint(this.#context.env, `${step.id}:end`);
    this.#emit({
      type: 'finish',
      step: at,
      ok: failure === undefined,
      ms,
      ...(failure !== undefined && { text: failure }),
    });
    return failure;
  }

  /** A step that is not in the journal is not begun. */
  #startStep(journal: Journal, at: number): void {
    try {
      journal.startStep(at);
    } catch (error) {
      throw unwritable(error, this.#context.journal, 'failed');
    }
  }

  /** Why it could not be taken back; undefined when it could. */
  async #rollback(journal: Journal, at: number): Promise<string | undefined> {
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
  #io(journal: Journal, at: number, signal: AbortSignal = new AbortController().signal): StepIo {
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

  #undo(): string | null {
    const { undo } = this.#plan;
    if (undo === undefined) return null;
    return undo === 'undo' ? `pgdeck undo ${this.#id}` : undo.command;
  }

  #end(status: RunEnd, text: string, undo: string | null, unreachable = false): void {
    const ms = Math.round(performance.now() - this.#started);
    const ok = status === 'done' && this.#regrets.length === 0;
    this.#emit({
      ...{ type: 'end', ok, status, run: this.#id, ms, text, undo },
      ...(unreachable && { unreachable }),
    });
  }

  #sentence(error: unknown): string {
    return this.#redacted(sentenceOf(error));
  }

  #redacted(text: string): string {
    return this.#context.secrets.redact(text);
  }
}
