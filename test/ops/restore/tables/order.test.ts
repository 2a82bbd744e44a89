import { expect, test } from 'vitest';
import { topologicalOrder } from '../../../../src/ops/restore/tables/order.ts';
import { random } from '../../../text/random.ts';

test('parents come before children, and circles are told', () => {
  // 0 -> 1 -> 2 -> 1, 3 -> 3
  const { sequence, circle } = topologicalOrder(4, [
    { from: 0, to: 1 },
    { from: 1, to: 2 },
    { from: 2, to: 1 },
    { from: 3, to: 3 },
  ]);
  expect(sequence).toEqual([1, 2, 0, 3]);
  expect(circle[1]).toBe(circle[2]);
  expect(new Set(circle).size).toBe(3);
});

test('random references: a table comes after all it refers to, unless the way leads back', () => {
  const below = random(7);
  for (let round = 0; round < 200; round++) {
    const count = 1 + below(8);
    const references = Array.from({ length: below(12) }, () => ({ from: below(count), to: below(count) }));
    const { sequence, circle } = topologicalOrder(count, references);
    expect(sequence.toSorted((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, at) => at));
    const reached = (from: number): Set<number> => {
      const seen = new Set<number>();
      const walk = (at: number) => {
        for (const { to } of references.filter((one) => one.from === at))
          if (!seen.has(to)) {
            seen.add(to);
            walk(to);
          }
      };
      walk(from);
      return seen;
    };
    for (const { from, to } of references) {
      const back = from === to || reached(to).has(from);
      expect(circle[from] === circle[to]).toBe(back);
      if (!back) expect(sequence.indexOf(to)).toBeLessThan(sequence.indexOf(from));
    }
  }
});
