/** What rows come to, whatever order they come in: their number, the sum of their hashes, and the same of each column. */
export class Digest {
  rows = 0;
  readonly nulls: number[];
  readonly #sums: Float64Array;
  readonly #columns: number;

  constructor(columns: number) {
    this.#columns = columns;
    this.nulls = new Array<number>(columns).fill(0);
    // two halves each; those of the rows come last
    this.#sums = new Float64Array((columns + 1) * 2);
  }

  /** Takes a row whose cells are canonical; null for NULL. */
  add(cells: readonly (string | number | null)[]): void {
    this.rows++;
    let [first, second] = [0x9e3779b9, 0x85ebca6b];
    for (let at = 0; at < this.#columns; at++) {
      const cell = cells[at] ?? null;
      if (cell === null) this.nulls[at] = (this.nulls[at] ?? 0) + 1;
      hash(cell);
      this.#sum(at, one, two);
      first = Math.imul(first ^ one, 2246822507) + two;
      second = Math.imul(second ^ two, 3266489909) + one + at;
    }
    this.#sum(this.#columns, first >>> 0, second >>> 0);
  }

  #sum(at: number, low: number, high: number): void {
    this.#sums[at * 2] = ((this.#sums[at * 2] ?? 0) + low) % 4294967296;
    this.#sums[at * 2 + 1] = ((this.#sums[at * 2 + 1] ?? 0) + high) % 4294967296;
  }

  /** The columns that are not the same, by their place; one behind the last where only whole rows are not. */
  differences(other: Digest): number[] {
    const all = Array.from({ length: this.#columns + 1 }, (_, at) => at);
    return all.filter((at) =>
      [0, 1].some((half) => this.#sums[at * 2 + half] !== other.#sums[at * 2 + half]),
    );
  }

  /** Of the rows, 64 bits in hexadecimal. */
  get text(): string {
    return [0, 1]
      .map((half) => (this.#sums[this.#columns * 2 + half] ?? 0).toString(16).padStart(8, '0'))
      .join('');
  }
}

let one = 0;
let two = 0;
const double = new Float64Array(1);
const halves = new Uint32Array(double.buffer);

/**
 * 64 bits of a value in two halves (cyrb53 with both of them whole), left in `one` and `two`: a pair for each cell would
 * cost more than the hash.
 */
function hash(value: string | number | null): void {
  let [a, b] = [1, 2];
  if (typeof value === 'string') {
    [a, b] = [0xdeadbeef, 0x41c6ce57];
    for (let at = 0; at < value.length; at++) {
      const code = value.charCodeAt(at);
      a = Math.imul(a ^ code, 2654435761);
      b = Math.imul(b ^ code, 1597334677);
    }
  } else if (value !== null) {
    double[0] = value;
    a = Math.imul((halves[0] ?? 0) ^ 0x9e3779b9, 2654435761);
    b = Math.imul((halves[1] ?? 0) ^ a, 1597334677);
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  one = a >>> 0;
  two = b >>> 0;
}
