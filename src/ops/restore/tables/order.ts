/** A reference from one table to another, by position. */
export interface Reference {
  readonly from: number;
  readonly to: number;
}

export interface Order {
  /** Every table after those it refers to; within a circle in the order given. */
  readonly sequence: readonly number[];
  /** For each table the number of its circle; tables in none have one of their own. */
  readonly circle: readonly number[];
}

/**
 * Topological order of tables by their foreign keys, with the circles found (Tarjan, strongly connected components):
 * parents come out first. References to the table itself do not count.
 */
export function topologicalOrder(count: number, references: readonly Reference[]): Order {
  const parents = Array.from({ length: count }, (_, at) =>
    references.filter(({ from, to }) => from === at && to !== at).map(({ to }) => to),
  );
  const index: (number | undefined)[] = new Array(count).fill(undefined);
  const low: number[] = new Array(count).fill(0);
  const circle: number[] = new Array(count).fill(-1);
  const stack: number[] = [];
  const sequence: number[] = [];
  let next = 0;
  let circles = 0;
  const visit = (at: number): void => {
    const own = next++;
    index[at] = own;
    low[at] = own;
    stack.push(at);
    for (const parent of parents[at] ?? []) {
      const seen = index[parent];
      if (seen === undefined) {
        visit(parent);
        low[at] = Math.min(low[at] ?? own, low[parent] ?? own);
      } else if (circle[parent] === -1) low[at] = Math.min(low[at] ?? own, seen);
    }
    if (low[at] !== own) return;
    const members = stack.splice(stack.indexOf(at)).sort((a, b) => a - b);
    for (const member of members) circle[member] = circles;
    sequence.push(...members);
    circles++;
  };
  for (let at = 0; at < count; at++) if (index[at] === undefined) visit(at);
  return { sequence, circle };
}
