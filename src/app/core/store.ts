/** A place for what a feature holds and nobody draws: connections, timers, what can be aborted. */
export interface Slot<Held> {
  readonly make: () => Held;
}

/** State outside the front end: changed in one place, read through selectors. */
export interface Store<State> {
  get(): State;
  /** Replaces the given fields; listeners are told once, and only when something changed. */
  set(change: Partial<State>): void;
  /** Several changes at once: listeners are told once, after all of them. */
  batch(change: () => void): void;
  subscribe(listener: () => void): () => void;
  /** What is held in a slot, made when it is first asked for. */
  held<Held>(slot: Slot<Held>): Held;
}

export function createStore<State extends object>(initial: State): Store<State> {
  let state = initial;
  const listeners = new Set<() => void>();
  let depth = 0;
  let changedMeanwhile = false;
  const tell = () => {
    if (depth > 0) changedMeanwhile = true;
    else for (const listener of listeners) listener();
  };
  const slots = new Map<Slot<unknown>, unknown>();
  return {
    get: () => state,
    set(change) {
      const changed = (Object.keys(change) as (keyof State)[]).some(
        (key) => !Object.is(state[key], change[key]),
      );
      if (!changed) return;
      state = { ...state, ...change };
      tell();
    },
    batch(change) {
      depth++;
      try {
        change();
      } finally {
        depth--;
        if (depth === 0 && changedMeanwhile) {
          changedMeanwhile = false;
          tell();
        }
      }
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    held<Held>(slot: Slot<Held>) {
      if (!slots.has(slot)) slots.set(slot, slot.make());
      return slots.get(slot) as Held;
    },
  };
}
