import { countNewlines } from '../../newlines.ts';
import { Refusal } from './listener.ts';

/** Where reading is in the whole, while only a piece of it is there. */
export class Place {
  /** In the piece: the place that was read last. */
  at = 0;
  /** Bytes of the whole before the piece. */
  offset = 0;
  #lines = 0;
  #text: Buffer = Buffer.alloc(0);

  /** The piece that is read now. */
  begin(text: Buffer): void {
    this.#text = text;
  }

  /** Everything before a place was read. */
  pass(at: number): void {
    this.#lines += countNewlines(this.#text, 0, at);
    this.offset += at;
    this.#text = this.#text.subarray(at);
    this.at = Math.max(0, this.at - at);
  }

  /** Byte of the whole at which what was read last begins. */
  get position(): number {
    return this.offset + this.at;
  }

  /** Line of the whole, from 1. */
  lineAt(at: number): number {
    return this.#lines + countNewlines(this.#text, 0, Math.min(at, this.#text.length)) + 1;
  }

  /** A reason to end reading, at a place in the piece. */
  refusal(at: number, what: string): Refusal {
    return new Refusal(this.lineAt(at), what);
  }
}
