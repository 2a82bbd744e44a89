const NEWLINE = 0x0a;

/** A statement may be as long as a gigabyte: what is beyond this of a line is dropped. */
const LONGEST = 2 ** 20;

/**
 * Whole lines of bytes that come in pieces. A line is made text when its end has come: a character that a read has cut
 * in two is whole by then.
 */
export class Lines {
  #rest: Buffer[] = [];
  #length = 0;

  /** The lines that a piece completes. */
  push(chunk: Buffer): string[] {
    const lines: string[] = [];
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      this.#keep(chunk.subarray(start, end));
      lines.push(this.#take());
      start = end + 1;
    }
    this.#keep(chunk.subarray(start));
    return lines;
  }

  /** The beginning of a line whose end has not come. */
  get rest(): boolean {
    return this.#length > 0;
  }

  /** What has come of it, which is then forgotten. */
  end(): string[] {
    return this.rest ? [this.#take()] : [];
  }

  #keep(piece: Buffer): void {
    const kept = piece.subarray(0, Math.max(0, LONGEST - this.#length));
    if (kept.length === 0) return;
    // a piece is a view of what was read: a copy lets that go
    this.#rest.push(Buffer.from(kept));
    this.#length += kept.length;
  }

  #take(): string {
    const [only] = this.#rest;
    const line = this.#rest.length === 1 && only ? only : Buffer.concat(this.#rest);
    this.#rest = [];
    this.#length = 0;
    const text = line.toString('utf8');
    return text.endsWith('\r') ? text.slice(0, -1) : text;
  }
}
