/** Of the words that count: `procedure`. */
export const LONGEST_KEYWORD = 9;

const HEADS: Readonly<Record<string, string>> = {
  create: 'c',
  or: 'o',
  replace: 'r',
  function: 'f',
  procedure: 'p',
};

/**
 * Whether psql (from 14 on) waits for the end of the body of a function in SQL's own syntax: it looks at words outside
 * parentheses, as psqlscan.l does.
 */
export class BlockDepth {
  #count = 0;
  #head = '';
  #depth = 0;

  get open(): boolean {
    return this.#depth > 0;
  }

  /** A word that may count. */
  word(text: Buffer, from: number, to: number, parentheses: number): void {
    if (this.#count < 4) {
      const word = text.toString('latin1', from, to).toLowerCase();
      this.#head += HEADS[word] ?? '-';
    }
    this.#count++;
    if (parentheses > 0 || !this.#head.startsWith('c') || !/^c(f|p|or[fp])/.test(this.#head)) return;
    const word = text.toString('latin1', from, to).toLowerCase();
    if (word === 'begin') this.#depth++;
    else if (word === 'case' && this.#depth > 0) this.#depth++;
    else if (word === 'end' && this.#depth > 0) this.#depth--;
  }

  /** Another word. */
  other(): void {
    if (this.#count < 4) this.#head += '-';
    this.#count++;
  }

  reset(): void {
    this.#count = 0;
    this.#head = '';
    this.#depth = 0;
  }
}
