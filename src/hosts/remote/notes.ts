import { StringDecoder } from 'node:string_decoder';

/** What begins a note of the wrapper on stderr; a token that is told to one command alone follows. */
const MARK = '\u0001';

/**
 * Takes the notes out of what comes on stderr. A note may begin in the middle of a line: the program's last words need
 * no end of line. What only looks like one is passed on.
 */
export class NoteReader {
  readonly #starts: readonly string[];
  readonly #onNote: (words: readonly string[]) => void;
  readonly #decoder = new StringDecoder('utf8');
  #held = '';

  constructor(tokens: readonly string[], onNote: (words: readonly string[]) => void) {
    this.#starts = tokens.map((token) => `${MARK}${token}:`);
    this.#onNote = onNote;
  }

  /** The program's own text in a chunk and in what was held back before it. */
  read(chunk: Buffer): string {
    this.#held += this.#decoder.write(chunk);
    let text = '';
    for (;;) {
      const at = this.#held.indexOf(MARK);
      if (at < 0) break;
      text += this.#held.slice(0, at);
      this.#held = this.#held.slice(at);
      const start = this.#starts.find((one) => this.#held.startsWith(one));
      if (start !== undefined) {
        const end = this.#held.indexOf('\n');
        if (end < 0) return text;
        this.#onNote(this.#held.slice(start.length, end).split(':'));
        this.#held = this.#held.slice(end + 1);
      } else if (this.#starts.some((one) => one.startsWith(this.#held))) return text;
      else {
        text += MARK;
        this.#held = this.#held.slice(1);
      }
    }
    text += this.#held;
    this.#held = '';
    return text;
  }

  /** What was held back to the end; a note that was cut is none. */
  rest(): string {
    const text = this.#held + this.#decoder.end();
    this.#held = '';
    return text;
  }
}
