import { Refusal, SqlGuard } from './guard.ts';
import type { Dumped } from './tally.ts';

/** A {@link SqlGuard} beside a reading that goes on: the first {@link Refusal} is kept, and nothing is looked at after it. */
export class HeldGuard {
  readonly guard = new SqlGuard();
  refusal: Refusal | undefined;

  write(piece: Buffer): void {
    this.#held(() => this.guard.write(piece));
  }

  /** What was read; undefined when it was refused. */
  end(): Dumped | undefined {
    return this.#held(() => this.guard.end());
  }

  #held<T>(work: () => T): T | undefined {
    if (this.refusal !== undefined) return undefined;
    try {
      return work();
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.refusal = error;
      return undefined;
    }
  }
}
