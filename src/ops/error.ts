export type OpErrorKind =
  /** Not done, and nothing was touched. Exit code 2. */
  | 'refused'
  /** Begun and not finished, or not true. Exit code 1. */
  | 'failed'
  /** Somebody asked to stop it. */
  | 'cancelled';

/** What an error is about: names and numbers, never a secret. */
export type ErrorFacts = Readonly<Record<string, unknown>>;

/** Why an operation is not done, in one sentence, with the next step. */
export class OpError extends Error {
  override readonly name = 'OpError';
  readonly kind: OpErrorKind;
  readonly next: string | undefined;
  /** Room and name of the error: `repository.noBackup`. Stays the same when its words change. */
  readonly code: string | undefined;
  readonly facts: ErrorFacts;

  constructor(
    kind: OpErrorKind,
    sentence: string,
    next?: string,
    cause?: unknown,
    { code, facts = {} }: { readonly code?: string; readonly facts?: ErrorFacts } = {},
  ) {
    super(sentence, cause === undefined ? undefined : { cause });
    this.kind = kind;
    this.next = next;
    this.code = code;
    this.facts = facts;
  }

  /** The same of another kind: what makes an attempt fail is why a plan refuses. */
  as(kind: OpErrorKind): OpError {
    return new OpError(kind, this.message, this.next, this, this.#known());
  }

  /** The same with another next step. */
  withNext(next: string | undefined): OpError {
    return new OpError(this.kind, this.message, next, this.cause, this.#known());
  }

  #known(): { readonly code?: string; readonly facts: ErrorFacts } {
    return { facts: this.facts, ...(this.code !== undefined && { code: this.code }) };
  }
}

/** How an error is told. */
export interface Words {
  readonly kind: OpErrorKind;
  readonly sentence: string;
  readonly next: string | undefined;
}

export const refused = (sentence: string, next?: string): Words => ({ kind: 'refused', sentence, next });
export const failed = (sentence: string, next?: string): Words => ({ kind: 'failed', sentence, next });
export const cancelled = (sentence: string, next?: string): Words => ({ kind: 'cancelled', sentence, next });

type Telling = (facts: never) => Words;
type Making<Tell extends Telling, Made extends OpError> = (
  ...given: [...Parameters<Tell>, cause?: unknown]
) => Made;

/**
 * The errors of a room, in one place: their words are made here of the facts that are handed in, so that they can be
 * changed, or told in another language, without touching what finds them out. `Class` is for errors that are told apart
 * from others by who catches them.
 */
export function defineErrors<
  const Table extends Readonly<Record<string, Telling>>,
  Made extends OpError = OpError,
>(
  room: string,
  table: Table,
  Class?: new (...given: ConstructorParameters<typeof OpError>) => Made,
): { readonly [Name in keyof Table]: Making<Table[Name], Made> } {
  const make = (name: string, tell: Telling) => {
    // the facts come first, where it has any
    const told = tell.length > 0;
    return (...given: readonly unknown[]): OpError => {
      const facts = (told ? given[0] : {}) as ErrorFacts;
      const { kind, sentence, next } = tell(facts as never);
      return new (Class ?? OpError)(kind, sentence, next, given[told ? 1 : 0], {
        code: `${room}.${name}`,
        facts,
      });
    };
  };
  const made = Object.entries(table).map(([name, tell]) => [name, make(name, tell)]);
  return Object.fromEntries(made) as { readonly [Name in keyof Table]: Making<Table[Name], Made> };
}

/** Sentence and next step of anything thrown. */
export function sentenceOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { next } = error as { next?: unknown };
  return typeof next === 'string' ? `${error.message} ${next}` : error.message;
}
