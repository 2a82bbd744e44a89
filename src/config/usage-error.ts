/** The request cannot be carried out as it was made: one sentence and the next step. Exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly next: string | undefined;

  constructor(sentence: string, next?: string) {
    super(sentence);
    this.next = next;
  }
}
