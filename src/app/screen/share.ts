/** What one pane asks for, in lines with its title. */
export interface Asked {
  /** All that it has to show. */
  readonly need: number;
  /** What it keeps, whatever the others need. */
  readonly least: number;
  /** What it gets before those after it get more than their least. */
  readonly fair: number;
}

/**
 * Splits a height by need. First everybody gets the least, then in their order the fair part, then all that they need;
 * what nobody needs is the last one's. Where there is not even room for the least, the last ones give way to a title.
 */
export function shareByNeed(height: number, asked: readonly Asked[]): number[] {
  const heights = asked.map(({ need, least }) => Math.min(need, least));
  let left = height - heights.reduce((sum, one) => sum + one, 0);
  for (const floor of [2, 1, 0])
    for (let i = heights.length - 1; i >= 0 && left < 0; i--) {
      const give = Math.min(-left, Math.max(0, (heights[i] ?? 0) - floor));
      heights[i] = (heights[i] ?? 0) - give;
      left += give;
    }
  for (const goal of [({ need, fair }: Asked) => Math.min(need, fair), ({ need }: Asked) => need])
    for (const [i, one] of asked.entries()) {
      const more = Math.min(left, Math.max(0, goal(one) - (heights[i] ?? 0)));
      heights[i] = (heights[i] ?? 0) + more;
      left -= more;
    }
  if (heights.length > 0) heights[heights.length - 1] = (heights.at(-1) ?? 0) + left;
  return heights;
}

const LEAST = 3;

/** Splits a height by weight; no pane is left without its title and two rows while there is room for that. */
export function shareByWeight(rows: number, weights: readonly number[]): number[] {
  const sum = weights.reduce((a, b) => a + b, 0);
  const least = Math.min(LEAST, Math.floor(rows / weights.length));
  const heights = weights.map((w) => Math.max(least, Math.floor((rows * w) / sum)));
  // what rounding left over goes to the first, what the least heights took too much comes from the last
  let left = rows - heights.reduce((a, b) => a + b, 0);
  for (let i = 0; left > 0; i = (i + 1) % heights.length, left--) heights[i] = (heights[i] ?? 0) + 1;
  for (let i = heights.length - 1; left < 0 && i >= 0; i--) {
    const give = Math.min(-left, Math.max(0, (heights[i] ?? 0) - least));
    heights[i] = (heights[i] ?? 0) - give;
    left += give;
  }
  return heights;
}

/** What was needed lately, so that what lies below a pane does not move with every reading. */
export class LatelyNeeded {
  /** Each needed more than those after it. */
  readonly #seen: { at: number; need: number }[] = [];

  /** @param at when the need was so (ms); the same clock each time */
  take(at: number, need: number, keepMs: number): void {
    while ((this.#seen.at(-1)?.need ?? Number.POSITIVE_INFINITY) <= need) this.#seen.pop();
    this.#seen.push({ at, need });
    while ((this.#seen[0]?.at ?? at) < at - keepMs) this.#seen.shift();
  }

  /** The most of the last so many ms before the last one taken. */
  most(ms: number): number {
    const from = (this.#seen.at(-1)?.at ?? 0) - ms;
    return this.#seen.find(({ at }) => at >= from)?.need ?? 0;
  }
}
