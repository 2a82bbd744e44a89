import { expect, test } from 'vitest';
import { Pace, progressText } from '../../src/text/progress.ts';

const MB = 1024 * 1024;

/** A pace of steady growth: one observation per second. */
function steady(perSecond: number, seconds: number): Pace {
  const pace = new Pace();
  for (let s = 0; s <= seconds; s++) pace.add(s * 1000, s * perSecond);
  return pace;
}

test('how far, how fast, and how long it still takes', () => {
  const pace = steady(10 * MB, 20);
  expect(pace.rate).toBe(10 * MB);
  const amount = { label: 'data', done: 200 * MB, of: 300 * MB, unit: 'bytes' } as const;
  expect(pace.left(amount)).toBe(10);
  expect(progressText(amount, pace)).toBe('data 66% (200 MB of 300 MB), 10 MB/s, 10s left');
});

test('what is not known is not said', () => {
  const none = new Pace();
  expect(progressText({ label: 'rows', done: 5, unit: 'rows' }, none)).toBe('rows 5');
  expect(progressText({ label: 'indexes', done: 4, of: 217, unit: 'items' }, none)).toBe(
    'indexes 1% (4 of 217)',
  );
  // a second is too short for a rate
  expect(steady(10, 1).rate).toBeUndefined();
  expect(steady(0, 10).left({ done: 0, of: 5 })).toBeUndefined();
  expect(progressText({ label: 'x', done: 3, of: 0, unit: 'items' }, none)).toBe('x 3');
});

test('an estimate is marked, and never complete', () => {
  const amount = { label: 'dump', done: 40 * MB, of: 20 * MB, unit: 'bytes', estimate: true } as const;
  expect(progressText(amount, new Pace())).toBe('dump ~99% (40 MB of ~20 MB)');
  expect(progressText({ ...amount, estimate: false }, steady(MB, 5))).toBe(
    'dump 100% (40 MB of 20 MB), 1.0 MB/s',
  );
});

test('the rate is that of the last seconds, and begins anew with the amount', () => {
  const pace = steady(100, 60);
  for (let s = 61; s <= 90; s++) pace.add(s * 1000, 6000);
  expect(pace.rate).toBe(0);
  pace.add(91_000, 0);
  expect(pace.rate).toBeUndefined();
});

test('a bar with phases says what it counts, and that the time left is that of the phase', () => {
  const none = new Pace();
  const bar = { label: 'orders', phase: 'scanning heap (phase 2 of 7)', unit: 'bytes' } as const;
  expect(progressText({ ...bar, done: 5 * MB, of: 10 * MB }, none)).toBe(
    'orders scanning heap (phase 2 of 7) 50% (5.0 MB of 10 MB)',
  );
  expect(progressText({ ...bar, done: 5 * MB, of: 10 * MB }, steady(MB, 5))).toMatch(
    /, 5\.0s left of this phase$/,
  );
  // nothing is counted in this phase
  expect(progressText({ ...bar, done: 0 }, none)).toBe('orders scanning heap (phase 2 of 7)');
});
