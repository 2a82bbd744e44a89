import { cleanLine } from '../../text/clean.ts';
import { type Amount, Pace, progressText } from '../../text/progress.ts';
import { clip } from '../../text/width.ts';

/** A line that is rewritten more often than this is only flicker. */
const REWRITE_MS = 250;

/** Amounts that grow, in one line on stderr that is rewritten; nothing where that is no terminal. */
export class Amounts {
  readonly #indent: string;
  readonly #terminal = process.stderr.isTTY === true;
  /** By label. */
  readonly #amounts = new Map<string, { amount: Amount; pace: Pace }>();
  #written = 0;
  #line = false;
  /** Set while the newest amounts are not on the screen yet. */
  #later: NodeJS.Timeout | undefined;

  constructor(indent: string) {
    this.#indent = indent;
  }

  see(amount: Amount): void {
    const known = this.#amounts.get(amount.label);
    const pace = known !== undefined && known.amount.phase === amount.phase ? known.pace : new Pace();
    const now = performance.now();
    pace.add(now, amount.done);
    this.#amounts.set(amount.label, { amount, pace });
    this.#drawSoon();
  }

  /** What was erased, after something else was written. */
  again(): void {
    if (this.#amounts.size > 0) this.#drawSoon();
  }

  /** Forgets them. */
  clear(): void {
    this.#amounts.clear();
  }

  /** Makes place for something else. */
  erase(): void {
    clearTimeout(this.#later);
    this.#later = undefined;
    if (this.#line) process.stderr.write('\r\u001b[K');
    this.#line = false;
  }

  /** Draws the amounts now, or once the last time is long enough ago: the newest ones are never left out. */
  #drawSoon(): void {
    if (!this.#terminal) return;
    const wait = REWRITE_MS - (performance.now() - this.#written);
    if (wait <= 0) this.#draw();
    else this.#later ??= setTimeout(() => this.#draw(), wait);
  }

  #draw(): void {
    clearTimeout(this.#later);
    this.#later = undefined;
    this.#written = performance.now();
    this.#line = true;
    const text = [...this.#amounts.values()].map((one) => progressText(one.amount, one.pace)).join(' | ');
    const room = (process.stderr.columns ?? 80) - 1;
    process.stderr.write(`\r\u001b[K${clip(`${this.#indent}${cleanLine(text)}`, room)}`);
  }
}
