import type { AnyPoll } from '../db/poll.ts';
import type { Check, Facts } from './check.ts';
import type { Outside } from './outside.ts';

/** What a check has looked at, as it was. */
interface Seen {
  readonly parts: Map<AnyPoll, unknown>;
  readonly outside: Map<keyof Outside, unknown>;
  /** It has looked at what follows from several readings, which each round changes. */
  moving: boolean;
}

/**
 * What the checks have made of what they looked at: of 45 a few look at something that is new after a second, and the
 * others would come to the same. What a check looks at is watched, not declared: nothing can be forgotten.
 */
export class Memory<Made> {
  readonly #made = new Map<Check, { readonly facts: Facts; readonly seen: Seen; readonly made: Made }>();

  /** What `make` makes of the facts, from before where all that it looked at then is as it was. */
  recall(check: Check, facts: Facts, make: (facts: Facts) => Made): Made {
    const last = this.#made.get(check);
    if (last !== undefined && holds(last.seen, last.facts, facts)) return last.made;
    const seen: Seen = { parts: new Map(), outside: new Map(), moving: false };
    const made = make(watched(facts, seen));
    this.#made.set(check, { facts, seen, made });
    return made;
  }

  clear(): void {
    this.#made.clear();
  }
}

function holds({ parts, outside, moving }: Seen, then: Facts, now: Facts): boolean {
  if (moving || then.server !== now.server || then.thresholds !== now.thresholds) return false;
  for (const [poll, part] of parts) if (now.figures.part(poll) !== part) return false;
  for (const [name, value] of outside) if (now.outside[name] !== value) return false;
  return true;
}

function watched(facts: Facts, seen: Seen): Facts {
  const part: Facts['figures']['part'] = (poll) => {
    const read = facts.figures.part(poll);
    seen.parts.set(poll as AnyPoll, read);
    return read;
  };
  const rows: Facts['figures']['rows'] = (poll) => part(poll).rows;
  return {
    ...facts,
    figures: new Proxy(facts.figures, {
      get: (figures, name) => {
        if (name === 'part') return part;
        if (name === 'rows') return rows;
        if (name !== 'server') seen.moving = true;
        return Reflect.get(figures, name, figures);
      },
    }),
    outside: new Proxy(facts.outside, {
      get: (outside, name: keyof Outside) => {
        seen.outside.set(name, outside[name]);
        return outside[name];
      },
    }),
  };
}
