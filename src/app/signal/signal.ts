import { setTimeout as delay } from 'node:timers/promises';
import { place } from '../../db/errors.ts';
import { engineErrors } from '../../ops/engine/errors.ts';
import type { OpEvent } from '../../ops/engine/plan.ts';
import { entryOf } from '../../ops/registry.ts';
import { signalEvent } from '../../ops/signal/events.ts';
import { planSignal } from '../../ops/signal/plan.ts';
import { eventSentence, isGood, refusalSentence, resultOf } from '../../ops/signal/sentences.ts';
import type {
  NamedSession,
  SignalAction,
  SignalEvent,
  SignalPick,
  SignalPlan,
} from '../../ops/signal/types.ts';
import type { Deck } from '../core/deck.ts';
import { readOnlyWhy } from '../core/keys.ts';
import { type DialogPhase, type SignalOption, tableOf } from '../core/state.ts';
import type { Slot } from '../core/store.ts';
import { focusedView, leftOut, targetRows } from '../views/select.ts';

/** How long leaving the console may wait for the answers to signals that were sent. */
const SETTLE_MS = 1000;
/** Nobody answers a question faster; until then the screen has the time. */
const READING_MS = 250;

interface Running {
  readonly abort: AbortController;
  /** Settles when the last outcome is known. */
  readonly done: Promise<void>;
}

/** Signals of this console that are listed. */
const SENT_KEPT = 500;

const RUNNING: Slot<{ now?: Running | undefined; run?: string }> = { make: () => ({}) };

/** Why cancel and terminate cannot be used now; undefined when they can. */
export function signalDisabled(deck: Deck): string | undefined {
  if (deck.readOnly) return readOnlyWhy(deck);
  if (!deck.sampler.control) return 'there is no connection';
  return undefined;
}

/** Cancel or terminate what is marked, or the row under the cursor. The targets are taken now, not when confirmed. */
export function signalTargets(deck: Deck, action: SignalAction): void {
  const view = focusedView(deck.state);
  const pids = targetRows(deck.model, deck.state).flatMap((row): NamedSession[] => {
    const ref = view.backend?.(row);
    if (!ref) return [];
    const queryStart = action === 'cancel' ? queryStartOf(row) : undefined;
    return [
      {
        pid: ref.pid,
        ...(ref.backendStart !== null && { backendStart: ref.backendStart }),
        ...(queryStart !== undefined && { queryStart }),
      },
    ];
  });
  if (pids.length === 0) deck.say('No session is selected.', 'error');
  else void plan(deck, action, { pids }, leftOut(deck.model, deck.state));
}

/** Those that were named by their pids. */
export function signalPids(deck: Deck, action: SignalAction, pids: readonly number[]): void {
  void plan(deck, action, { pids: pids.map((pid) => ({ pid })) });
}

export function terminateIdle(deck: Deck, seconds: number): void {
  void plan(deck, 'terminate', { idleLongerThan: seconds });
}

/** Statements are told apart by their start: the next one of the session must not be cancelled instead. */
function queryStartOf(row: unknown): number | undefined {
  const inner = (row as { row?: unknown }).row ?? row;
  const start = (inner as { query_start_us?: number | null }).query_start_us;
  return start ?? undefined;
}

/** Puts the question. What carries it out is loaded while it is read. */
export function ask(
  deck: Deck,
  id: symbol,
  plan: SignalPlan,
  { options = [], leftOut: out }: { options?: readonly SignalOption[]; leftOut?: string | undefined } = {},
): void {
  phase(deck, id, { step: 'ask', plan, options, leftOut: out, yes: false, details: false, read: 0 });
  // what fails here fails again when it is needed, and is told then
  void delay(READING_MS, undefined, { ref: false })
    .then(engine)
    .catch(() => {});
}

/** The dialog goes on, unless it was closed meanwhile. */
export function phase(deck: Deck, id: symbol, next: DialogPhase): void {
  const { overlay } = deck.state;
  if (overlay?.kind === 'signal' && overlay.id === id)
    deck.open({ ...overlay, phase: next, scroll: overlay.phase.step === next.step ? overlay.scroll : 0 });
}

async function plan(deck: Deck, action: SignalAction, pick: SignalPick, out?: string): Promise<void> {
  const session = deck.sampler.control;
  if (!session) return;
  const id = Symbol(action);
  deck.open({ kind: 'signal', id, action, phase: { step: 'planning' }, scroll: 0 });
  try {
    const made = await planSignal(
      { action, pick },
      { place: place(deck.resolved.target), readOnly: deck.readOnly, control: async () => session },
    );
    ask(deck, id, made, { leftOut: out });
  } catch (error) {
    phase(deck, id, { step: 'failed', reason: (error as Error).message });
  }
}

/** What carries a plan out. With it comes all that runs programs: it is loaded while the question is read. */
function engine() {
  return Promise.all([import('../../ops/engine/run/runner.ts'), import('../../ops/engine/context.ts')]);
}

/** Sends what the open dialog lists. */
export function confirmSignal(deck: Deck): void {
  const { overlay } = deck.state;
  if (overlay?.kind !== 'signal' || overlay.phase.step !== 'ask') return;
  start(deck, overlay.id, overlay.phase.plan);
}

function start(deck: Deck, id: symbol, confirmed: SignalPlan): void {
  const abort = new AbortController();
  const running = deck.store.held(RUNNING);
  const done = run(deck, id, confirmed, abort.signal).finally(() => {
    running.now = undefined;
  });
  running.now = { abort, done };
}

async function run(deck: Deck, id: symbol, confirmed: SignalPlan, signal: AbortSignal): Promise<void> {
  if (!deck.sampler.control) {
    phase(deck, id, { step: 'failed', reason: 'The connection is gone; nothing was sent.' });
    return;
  }
  const outcomes: SignalEvent[] = [];
  const record = (text: string, good: boolean) => deck.say(text, good ? 'done' : 'error', true);
  try {
    phase(deck, id, { step: 'running', plan: confirmed, outcomes: [] });
    const [{ runPlan }, { createContext }] = await engine();
    const context = createContext({
      resolved: deck.resolved,
      env: deck.env,
      operations: entryOf,
      control: () => deck.sampler.control,
    });
    for await (const event of runPlan(confirmed, context, { signal })) {
      remember(deck, confirmed, event);
      if (event.type === 'unrecorded') deck.say(event.text, 'error');
      if (event.type === 'end' && event.status === 'refused')
        throw engineErrors.runRefused({ why: event.text });
      const told = signalEvent(confirmed, event);
      if (told === undefined) continue;
      outcomes.push(told);
      record(told.kind === 'effect' ? resultOf(outcomes) : eventSentence(told), isGood(told));
      phase(deck, id, { step: 'running', plan: confirmed, outcomes: [...outcomes] });
    }
    await context.close();
    for (const refusal of confirmed.refused) record(`Not touched: ${refusalSentence(refusal)}`, false);
    unmark(deck, confirmed);
    phase(deck, id, { step: 'done', plan: confirmed, outcomes });
    deck.sampler.refresh();
  } catch (error) {
    record((error as Error).message, false);
    phase(deck, id, { step: 'failed', reason: (error as Error).message });
  }
}

/** What was not meant stays marked; who was is not, also where a filter hides what became of it. */
function unmark(deck: Deck, { victims, refused }: SignalPlan): void {
  const view = focusedView(deck.state);
  const { marks } = tableOf(deck.state, view.id);
  const meant = new Set<number | undefined>([
    ...victims.map(({ target }) => target.pid),
    ...refused.map(({ pid }) => pid),
  ]);
  const others = view.rows(deck.model).filter((row) => !meant.has(view.backend?.(row)?.pid));
  deck.table(view.id, { marks: new Set(others.map(view.identity).filter((id) => marks.has(id))) });
}

/** Keeps what was sent for the list of it: the journal may lack it. */
function remember(deck: Deck, { operation, server, steps }: SignalPlan, event: OpEvent): void {
  const { sent } = deck.state;
  if (event.type === 'begin') deck.store.held(RUNNING).run = event.run;
  const { run = '' } = deck.store.held(RUNNING);
  const step = event.type === 'start' ? steps[event.step] : undefined;
  if (event.type === 'start' && step !== undefined && step.preview !== '') {
    const { title, preview: text } = step;
    const one = {
      run,
      step: event.step,
      at: event.at,
      operation,
      server,
      title,
      text,
      ok: null,
      undone: false,
    };
    deck.store.set({ sent: [...sent, one].slice(-SENT_KEPT) });
  }
  if (event.type === 'finish')
    deck.store.set({
      sent: sent.map((one) => (one.run === run && one.step === event.step ? { ...one, ok: event.ok } : one)),
    });
}

/** Stops sending. True when something was running. */
export function abortSignal(deck: Deck): boolean {
  const run = deck.store.held(RUNNING).now;
  run?.abort.abort();
  return run !== undefined;
}

/** Stops sending and waits until what was sent is accounted for; not for ever. */
export async function settleSignal(deck: Deck): Promise<void> {
  const run = deck.store.held(RUNNING).now;
  if (!run) return;
  run.abort.abort();
  await Promise.race([run.done, delay(SETTLE_MS, undefined, { ref: false })]);
}
