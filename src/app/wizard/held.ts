import type { OpContext } from '../../ops/engine/operation.ts';
import type { OpEvent } from '../../ops/engine/plan.ts';
import { entryOf } from '../../ops/registry.ts';
import type { Deck } from '../deck.ts';

/** A run that goes on behind the screen. */
export interface Running {
  readonly abort: AbortController;
  /** Settles when everything of it has ended; never rejected. */
  readonly done: Promise<void>;
}

/** What a wizard holds outside of the state: connections, and the run. */
export interface Held {
  context?: Promise<OpContext>;
  running?: Running;
  /** What has happened and is not on the screen yet. */
  readonly pending: OpEvent[];
}

const all = new WeakMap<Deck, Map<number, Held>>();

export function heldBy(deck: Deck, wizard: number): Held {
  const ofDeck = all.get(deck) ?? new Map<number, Held>();
  all.set(deck, ofDeck);
  const held = ofDeck.get(wizard) ?? { pending: [] };
  ofDeck.set(wizard, held);
  return held;
}

export function allHeld(deck: Deck): readonly Held[] {
  return [...(all.get(deck)?.values() ?? [])];
}

/** Never one that was used before: what a wizard that is gone has begun ends with its own. */
export function nextId(deck: Deck): number {
  return Math.max(0, ...(all.get(deck)?.keys() ?? []), ...deck.state.wizards.map(({ id }) => id)) + 1;
}

/** The context that the wizard plans and runs with; opened when first asked for. */
export function contextFor(deck: Deck, wizard: number): Promise<OpContext> {
  const held = heldBy(deck, wizard);
  // with it come the driver and all that runs programs: not before somebody needs them
  held.context ??= import('../../ops/engine/context.ts').then(({ createContext }) =>
    createContext({ resolved: deck.resolved, env: deck.env, operations: entryOf }),
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

export async function releaseAll(deck: Deck): Promise<void> {
  const wizards = [...(all.get(deck)?.keys() ?? [])];
  await Promise.allSettled(wizards.map((wizard) => release(deck, wizard)));
}
