/** What became of a step, in the words and the facts of its operation. */
export interface Told {
  /** What programs go by: `already_gone`. */
  readonly kind: string;
  /** What its operation's front end reads; plain data. */
  readonly facts: Readonly<Record<string, unknown>>;
}

/**
 * What a step answers that has more to tell than that it is done, or why it failed. Known for certain, so that it
 * stands whether the run is stopped meanwhile or not.
 */
export class Outcome implements Told {
  readonly kind: string;
  readonly facts: Readonly<Record<string, unknown>>;
  /** It is as it was wished to be. */
  readonly ok: boolean;
  /** Whole sentences for people, that say what they are about. */
  readonly text: string;
  /** Why nothing that follows can be begun either: the connection broke. */
  readonly stops: string | undefined;

  constructor(told: Told & Pick<Outcome, 'ok' | 'text'> & { readonly stops?: string | undefined }) {
    this.kind = told.kind;
    this.facts = told.facts;
    this.ok = told.ok;
    this.text = told.text;
    this.stops = told.stops;
  }
}

/**
 * What a step answers whose work goes on by itself: that it comes to its end is seen to when everything that may be
 * begun meanwhile has been, and for all of them at the same time.
 */
export class Later {
  /** Waits for the end; answers what it was. */
  readonly end: () => Promise<Outcome>;

  constructor(end: () => Promise<Outcome>) {
    this.end = end;
  }
}
