export type OpErrorKind =
  /** Not done, and nothing was touched. Exit code 2. */
  | 'refused'
  /** Begun and not finished, or not true. Exit code 1. */
  | 'failed'
  /** Somebody asked to stop it. */
  | 'cancelled';

/** Why an operation is not done, in one sentence, with the next step. */
export class OpError extends Error {
  override readonly name = 'OpError';
  readonly kind: OpErrorKind;
  readonly next: string | undefined;

  constructor(kind: OpErrorKind, sentence: string, next?: string, cause?: unknown) {
    super(sentence, cause === undefined ? undefined : { cause });
    this.kind = kind;
    this.next = next;
  }
}

/** Sentence and next step of anything thrown. */
export function sentenceOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { next } = error as { next?: unknown };
  return typeof next === 'string' ? `${error.message} ${next}` : error.message;
}
