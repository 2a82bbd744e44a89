import { randomBytes } from 'node:crypto';
import { Transform, type TransformCallback } from 'node:stream';
import { archiveErrors } from '../errors.ts';
import { Refusal, SqlGuard } from './guard.ts';

/** Before the text: psql takes no command of its own until the key is given again, which nobody knows. */
export function restrictLine(): string {
  return `\\restrict ${randomBytes(24).toString('hex')}\n`;
}

/**
 * What stands before psql when it loads a dump. Nothing is passed on that was not read before: a command of psql in a
 * file that was exchanged in between ends the load before psql sees it. Where psql has a restricted mode it is entered
 * first, and the dump's own way of entering it is left out.
 */
export class GuardStream extends Transform {
  readonly #guard = new SqlGuard();
  /** Not passed on yet, and how many bytes of the whole were. */
  #held: Buffer[] = [];
  #passed = 0;
  #cut = 0;

  constructor({ restricts }: { readonly restricts: boolean }) {
    super();
    if (restricts) this.push(restrictLine());
  }

  override _transform(piece: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#held.push(piece);
    this.#pass(() => this.#guard.write(piece), done);
  }

  override _flush(done: TransformCallback): void {
    this.#pass(() => void this.#guard.end(), done);
  }

  #pass(read: () => void, done: TransformCallback): void {
    try {
      read();
      this.#release(this.#guard.consumed);
      done();
    } catch (error) {
      done(
        error instanceof Refusal
          ? archiveErrors.loadEnded({ line: error.line, why: error.message })
          : (error as Error),
      );
    }
  }

  #release(until: number): void {
    const { cuts } = this.#guard;
    for (let cut = cuts[this.#cut]; cut !== undefined && cut[1] <= until; cut = cuts[++this.#cut]) {
      this.#forward(cut[0], true);
      this.#forward(cut[1], false);
    }
    this.#forward(until, true);
  }

  /** Goes on to a place in the whole, with the bytes up to there or without. */
  #forward(until: number, on: boolean): void {
    while (this.#passed < until) {
      const first = this.#held.shift();
      if (first === undefined) return;
      const some = first.subarray(0, until - this.#passed);
      if (some.length < first.length) this.#held.unshift(first.subarray(some.length));
      if (on) this.push(some);
      this.#passed += some.length;
    }
  }
}
