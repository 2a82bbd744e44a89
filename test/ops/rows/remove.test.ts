import { expect, test } from 'vitest';
import { Pace } from '../../../src/ops/rows/remove.ts';

/** The size after many batches, each of which takes so long by its size. */
function settledAt(ms: (rows: number) => number, heldMs: (rows: number) => number = () => 0): number {
  const pace = new Pace();
  for (let n = 0; n < 200; n++) pace.see(ms(pace.size), heldMs(pace.size));
  return pace.size;
}

test('batches grow and shrink to what takes some 100 ms', () => {
  expect(settledAt((rows) => rows / 50)).toBeGreaterThanOrEqual(4000);
  expect(settledAt((rows) => rows / 50)).toBeLessThanOrEqual(6500);
  expect(settledAt((rows) => rows / 10_000)).toBe(20_000);
  expect(settledAt((rows) => 5 * rows)).toBeLessThanOrEqual(26);
});

test('a disk that takes its time for each batch leaves more than a few rows in it', () => {
  expect(settledAt((rows) => 90 + rows / 100)).toBeGreaterThan(450);
  expect(settledAt((rows) => 75 + rows / 100)).toBeGreaterThan(450);
});

test('nor does a way to the server that takes its time while rows are locked', () => {
  const both = (rows: number) => 60 + rows / 100;
  expect(settledAt(both, both)).toBeGreaterThanOrEqual(450);
});

test('rows are not locked for as long as a batch may take', () => {
  expect(
    settledAt(
      () => 10,
      (rows) => rows / 20,
    ),
  ).toBeLessThanOrEqual(2000);
});
