/** What the daemon puts before each part of a stream (API 1.15): kind, three zeros, length; big-endian. */
const HEAD = 8;
const [STDOUT, STDERR] = [1, 2];

/** Where the parts of the two streams go; each is a view of what was given. */
export interface Taken {
  readonly stdout: (part: Buffer) => void;
  readonly stderr: (part: Buffer) => void;
}

/** Takes the two streams of a command apart that come as one. */
export class Frames {
  readonly #head = Buffer.alloc(HEAD);
  #has = 0;
  #kind = 0;
  #left = 0;

  /** Whether it is made of parts of them: nothing has a meaning after what is not. */
  take(bytes: Buffer, { stdout, stderr }: Taken): boolean {
    for (let at = 0; at < bytes.length; ) {
      if (this.#left > 0) {
        const part = bytes.subarray(at, at + this.#left);
        (this.#kind === STDERR ? stderr : stdout)(part);
        this.#left -= part.length;
        at += part.length;
        continue;
      }
      const read = bytes.copy(this.#head, this.#has, at, at + HEAD - this.#has);
      this.#has += read;
      at += read;
      if (this.#has < HEAD) return true;
      const [kind = 0] = this.#head;
      // of what it says itself (kind 3) nothing is known here
      if ((kind !== STDOUT && kind !== STDERR) || this.#head.readUIntBE(1, 3) !== 0) return false;
      this.#kind = kind;
      this.#left = this.#head.readUInt32BE(4);
      this.#has = 0;
    }
    return true;
  }
}
