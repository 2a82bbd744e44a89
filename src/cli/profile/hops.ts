/** How far one gets on the way to a server that lives somewhere else. */
export interface Hop {
  readonly hop: string;
  readonly status: 'ok' | 'failed' | 'not tried';
  /** What was found, or what is wrong with the next step. */
  readonly detail: string;
}

/** One thing to try: what it found, or an error whose message says what to do. */
interface Try<Found> {
  readonly hop: string;
  /** Without these it is not tried. */
  readonly after?: readonly (Tried<unknown> | undefined)[];
  readonly run: () => Promise<Found>;
  readonly tell: (found: Found) => string;
}

/** What came of it; undefined `found`: it failed, or was not tried. */
export interface Tried<Found> {
  readonly hop: string;
  readonly found: Found | undefined;
  readonly error?: unknown;
}

/** Tries one after the other, and goes on after a failure with what does not depend on it. */
export class Hops {
  readonly all: Hop[] = [];
  readonly #words: (error: unknown) => string;
  readonly #onHop: (hop: Hop) => void;

  constructor(words: (error: unknown) => string, onHop: (hop: Hop) => void) {
    this.#words = words;
    this.#onHop = onHop;
  }

  async try<Found>({ hop, after = [], run, tell }: Try<Found>): Promise<Tried<Found>> {
    const lacking = after.find((one) => one?.found === undefined);
    if (lacking !== undefined) {
      this.#say({ hop, status: 'not tried', detail: `It needs what failed before: ${lacking.hop}.` });
      return { hop, found: undefined };
    }
    try {
      const found = await run();
      this.#say({ hop, status: 'ok', detail: tell(found) });
      return { hop, found };
    } catch (error) {
      this.#say({ hop, status: 'failed', detail: this.#words(error) });
      return { hop, found: undefined, error };
    }
  }

  #say(hop: Hop): void {
    this.all.push(hop);
    this.#onHop(hop);
  }
}
