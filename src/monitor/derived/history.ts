/** The last values of one measure, oldest first; fixed memory. */
export class Ring {
  readonly #values: Float64Array;
  #next = 0;
  #length = 0;

  constructor(capacity: number) {
    this.#values = new Float64Array(capacity);
  }

  push(value: number): void {
    this.#values[this.#next] = value;
    this.#next = (this.#next + 1) % this.#values.length;
    this.#length = Math.min(this.#length + 1, this.#values.length);
  }

  /** The newest `count` values, oldest first; NaN marks a sample that is not known. */
  last(count: number): number[] {
    const n = Math.min(count, this.#length);
    const size = this.#values.length;
    return Array.from(
      { length: n },
      (_, i) => this.#values[(this.#next - n + i + size) % size] ?? Number.NaN,
    );
  }

  get length(): number {
    return this.#length;
  }

  clear(): void {
    this.#next = 0;
    this.#length = 0;
  }
}
