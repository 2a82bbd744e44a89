import { expect, test } from 'vitest';
import { summaryPoll } from '../../src/db/queries/activity.ts';
import { indexDuplicatePoll } from '../../src/db/queries/indexes.ts';
import { locksPoll } from '../../src/db/queries/locks.ts';
import { maintainDuePoll } from '../../src/db/queries/maintain/due.ts';
import { tableSizesPoll } from '../../src/db/queries/relations.ts';
import { slotsPoll } from '../../src/db/queries/replication.ts';
import { Pace } from '../../src/monitor/pace.ts';

const intervals = { tick: 1, medium: 5, statements: 10, texts: 60, slow: 30, rare: 300 };

test('a part is due at its cadence, half a pulse early at most', () => {
  const pace = new Pace(intervals);
  expect(pace.isDue(summaryPoll, 0)).toBe(true);
  pace.asked(summaryPoll, 0, 5);
  expect([400, 499, 500, 1000].map((now) => pace.isDue(summaryPoll, now))).toEqual([
    false,
    false,
    true,
    true,
  ]);
  pace.asked(slotsPoll, 0, 5);
  expect([4_000, 4_500].map((now) => pace.isDue(slotsPoll, now))).toEqual([false, true]);
});

test('a dear question is asked half as often each time, up to 30 s, and as usual once it is cheap', () => {
  const pace = new Pace(intervals);
  const every = [300, 300, 300, 300, 300, 300, 250].map((cost) => {
    pace.asked(locksPoll, 0, cost);
    return pace.every(locksPoll);
  });
  expect(every).toEqual([2, 4, 8, 16, 30, 30, 1]);
  pace.asked(locksPoll, 0, 300);
  expect([1_000, 1_500].map((now) => pace.isDue(locksPoll, now))).toEqual([false, true]);
  // one that is asked seldom anyway is not asked less than that
  pace.asked(indexDuplicatePoll, 0, 200_000);
  expect(pace.every(indexDuplicatePoll)).toBe(300);
});

test('a rare question that is brisk is asked like a slow one where it costs little, and rarely where it does not', () => {
  const pace = new Pace(intervals);
  const every = [3, 40, 200_000, 3].map((cost) => {
    pace.asked(maintainDuePoll, 0, cost);
    return pace.every(maintainDuePoll);
  });
  expect(every).toEqual([30, 300, 300, 30]);
  expect([29_000, 29_500].map((now) => pace.isDue(maintainDuePoll, now))).toEqual([false, true]);
});

test('hurried, it is due at once', () => {
  const pace = new Pace(intervals);
  pace.asked(tableSizesPoll, 0, 5);
  expect(pace.isDue(tableSizesPoll, 10)).toBe(false);
  pace.hurry(tableSizesPoll);
  expect(pace.isDue(tableSizesPoll, 10)).toBe(true);
});

test('a shorter interval holds at once, for what follows the interval', () => {
  const pace = new Pace({ ...intervals, tick: 60 });
  pace.asked(summaryPoll, 0, 5);
  pace.asked(tableSizesPoll, 0, 5);
  pace.setTick(1);
  expect(pace.isDue(summaryPoll, 1_000)).toBe(true);
  expect(pace.isDue(tableSizesPoll, 1_000)).toBe(false);
});

test.each([
  [0.5, 0.5],
  [1, 1],
  [1.5, 0.75],
  [60, 1],
])('an interval of %d s is looked at every %d s', (tick, pulse) => {
  const pace = new Pace({ ...intervals, tick });
  expect(pace.pulse).toBe(pulse);
  pace.asked(summaryPoll, 0, 0);
  // asked in the pulse that completes the interval, and in none before
  for (let now = pulse; now < tick; now += pulse) expect(pace.isDue(summaryPoll, now * 1000)).toBe(false);
  expect(pace.isDue(summaryPoll, tick * 1000)).toBe(true);
});
