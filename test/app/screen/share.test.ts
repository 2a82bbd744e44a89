import { expect, test } from 'vitest';
import { LatelyNeeded, shareByNeed } from '../../../src/app/screen/share.ts';

const pane = (need: number, least: number, fair: number) => ({ need, least, fair });

test('rows go to those that need them: the first before the others, and nobody below the least', () => {
  // nobody waits: a title is enough, and what is left is that of the last one
  expect(shareByNeed(20, [pane(1, 3, 10), pane(4, 3, 6), pane(3, 2, 3), pane(60, 3, 6)])).toEqual([
    1, 4, 3, 12,
  ]);
  // a pile-up takes its share, and then what the others leave
  expect(shareByNeed(20, [pane(60, 3, 10), pane(4, 3, 6), pane(3, 2, 3), pane(60, 3, 6)])).toEqual([
    10, 4, 3, 3,
  ]);
  expect(shareByNeed(30, [pane(60, 3, 15), pane(4, 3, 6), pane(2, 2, 3), pane(4, 3, 6)])).toEqual([
    20, 4, 2, 4,
  ]);
});

test('whatever the height, it is used up and never exceeded', () => {
  const asked = [pane(60, 3, 10), pane(9, 3, 6), pane(3, 2, 3), pane(60, 3, 6)];
  for (let height = 0; height < 100; height++) {
    const heights = shareByNeed(height, asked);
    expect(heights.reduce((sum, one) => sum + one, 0)).toBe(height);
    expect(Math.min(...heights)).toBeGreaterThanOrEqual(0);
    if (height >= 8) expect(Math.min(...heights), `${height}`).toBeGreaterThanOrEqual(2);
  }
});

test('what was needed lately is remembered as long as it is asked for', () => {
  const lately = new LatelyNeeded();
  const seen = [3, 8, 2, 2, 5, 2, 2].map((need, second) => {
    lately.take(second * 1000, need, 5000);
    return [lately.most(3000), lately.most(5000), lately.most(0)];
  });
  expect(seen).toEqual([
    [3, 3, 3],
    [8, 8, 8],
    [8, 8, 2],
    [8, 8, 2],
    [8, 8, 5],
    [5, 8, 2],
    [5, 8, 2],
  ]);
});
