import { expect, test } from 'vitest';
import { Ring } from '../../../src/monitor/derived/history.ts';

test('a ring keeps the newest values, the oldest first', () => {
  const ring = new Ring(3);
  expect(ring.last(5)).toEqual([]);
  for (const value of [1, 2, Number.NaN, 4, 5]) ring.push(value);
  expect(ring.length).toBe(3);
  expect(ring.last(5)).toEqual([Number.NaN, 4, 5]);
  expect(ring.last(1)).toEqual([5]);
  expect(ring.last(0)).toEqual([]);
  ring.clear();
  expect(ring.last(3)).toEqual([]);
});
