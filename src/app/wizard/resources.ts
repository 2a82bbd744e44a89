import type { Resolved } from '../../config/profile.ts';
import type { OpContext } from '../../ops/engine/operation.ts';
import type { OpEvent } from '../../ops/engine/plan.ts';
import { entryOf } from '../../ops/registry.ts';
import type { Deck } from '../core/deck.ts';
import { wizardById } from '../core/state.ts';
import type { Slot } from '../core/store.ts';
import { examinerOf } from '../outside/examiner.ts';
import { updateWizard } from './state.ts';

/** A run that goes on behind the screen. */
export interface Running {
  readonly abort: AbortController;
  /** Settles when everything of it has ended; never rejected. */
  readonly done: Promise<void>;
}

/** What a wizard holds outside of the state: connections, and the run. */
export interface Held {
  context?: Promise<OpContext>;
  /** The server that it was opened for, as it could be written to then. */
  of?: Resolved;
  running?: Running;
  /** Those outside are being told how runs have ended; never rejected. */
  telling?: Promise<unknown>;
  /** What has happened and is not on the screen yet. */
  readonly pending: OpEvent[];
}

/** By the wizard's id, those of wizards that are gone too. */
const HELD: Slot<Map<number, Held>> = { make: () => new Map() };

export function heldBy({ store }: Deck, wizard: number): Held {
  const all = store.held(HELD);
  const held = all.get(wizard) ?? { pending: [] };
  all.set(wizard, held);
  return held;
}

export function allHeld({ store }: Deck): readonly Held[] {
  return [...store.held(HELD).values()];
}

/** Never one that was used before: what a wizard that is gone has begun ends with its own. */
export function nextId({ store, state }: Deck): number {
  return Math.max(0, ...store.held(HELD).keys(), ...state.wizards.map(({ id }) => id)) + 1;
}

/** The context that the wizard plans and runs with; opened when first asked for. */
export function contextFor(deck: Deck, wizard: number): Promise<OpContext> {
  const held = heldBy(deck, wizard);
  const { resolved } = deck;
  // the time for which it is armed may be over before the clock tells: nothing is run by what was opened before
  if (held.of !== resolved && held.running === undefined) void release(deck, wizard).catch(() => {});
  held.of = resolved;
  // with it come the driver and all that runs programs: not before somebody needs them
  held.context ??= import('../../ops/engine/context.ts').then(({ openContext }) =>
    openContext({
      ...{ resolved, env: deck.env, operations: entryOf },
      examiner: examinerOf(deck),
      looking: (amount) => {
        const now = wizardById(deck.state, wizard);
        if (now?.phase.step === 'planning')
          updateWizard(deck, wizard, { phase: { ...now.phase, looked: amount } });
      },
      verdict: async (resolved, signal) =>
        (await import('../outside/verdict.ts')).verdictOf(resolved, deck.env, signal),
    }),
  );
  return held.context;
}

/** Closes what the wizard has opened; another one is opened when it is needed again. */
export async function release(deck: Deck, wizard: number): Promise<void> {
  const held = heldBy(deck, wizard);
  const { context } = held;
  delete held.context;
  await (await context)?.close();
}

/** Closes what wizards plan with; what runs goes on with its own. */
export async function releaseIdle(deck: Deck): Promise<void> {
  const idle = [...deck.store.held(HELD)].filter(([, { running }]) => running === undefined);
  await Promise.allSettled(idle.map(([wizard]) => release(deck, wizard)));
}

export async function releaseAll(deck: Deck): Promise<void> {
  const wizards = [...deck.store.held(HELD).keys()];
  await Promise.allSettled(wizards.map((wizard) => release(deck, wizard)));
}
