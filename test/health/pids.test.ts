import { expect, test } from 'vitest';
import { pidsOf } from '../../src/health/pids.ts';

test('of many pids ten are named, and how many more there are', () => {
  const rows = Array.from({ length: 60 }, (_, i) => ({ pid: i + 1 }));
  expect(pidsOf(rows.slice(0, 10))).toBe('1, 2, 3, 4, 5, 6, 7, 8, 9, 10');
  expect(pidsOf(rows)).toBe('1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 50 more');
});
