import { describe, expect, test } from 'vitest';
import { Rates } from '../../../src/monitor/derived/rates.ts';

const reading = (seconds: number, commits: number, epoch = 'a') => ({
  at: seconds * 1000,
  epoch,
  counters: { commits },
});

function fed(...readings: ReturnType<typeof reading>[]): Rates {
  const rates = new Rates(60);
  for (const one of readings) rates.push(one);
  return rates;
}

test('before two readings there is no window', () => {
  expect(fed().window(10)).toBeUndefined();
  expect(fed(reading(0, 5)).window(10)).toBeUndefined();
});

test('windows of 10 s and 60 s end at the last reading', () => {
  const rates = new Rates(60);
  for (let s = 0; s <= 200; s++) rates.push(reading(s, s < 190 ? s : s * 100));
  expect(rates.window(10)).toEqual({ seconds: 10, delta: { commits: 20_000 - 19_000 } });
  expect(rates.window(60)).toEqual({ seconds: 60, delta: { commits: 20_000 - 140 } });
});

test('a window is shorter while there is not enough, and never shorter than it could be', () => {
  expect(fed(reading(0, 0), reading(3, 30)).window(60)).toEqual({ seconds: 3, delta: { commits: 30 } });
  // readings come every 4 s: the window of 10 s takes in 12
  const rates = fed(reading(0, 0), reading(4, 1), reading(8, 2), reading(12, 3), reading(16, 4));
  expect(rates.window(10)).toEqual({ seconds: 12, delta: { commits: 3 } });
});

test('seconds are those of the server, not of the ticks', () => {
  expect(fed(reading(0, 0), reading(2.5, 100)).window(10)).toEqual({ seconds: 2.5, delta: { commits: 100 } });
});

describe('what was before is dropped', () => {
  const after = { seconds: 1, delta: { commits: 7 } };

  test('when the epoch is another one: a restart, a reset', () => {
    const rates = fed(reading(0, 0), reading(1, 50), reading(2, 60, 'b'));
    expect(rates.window(10)).toBeUndefined();
    rates.push(reading(3, 67, 'b'));
    expect(rates.window(10)).toEqual(after);
  });

  test('when a counter has fallen', () => {
    expect(fed(reading(0, 100), reading(1, 200), reading(2, 3), reading(3, 10)).window(10)).toEqual(after);
  });

  test('when the clock of the server was set back', () => {
    const rates = fed(reading(5000, 100), reading(5001, 200), reading(10, 203), reading(11, 210));
    expect(rates.window(10)).toEqual(after);
  });
});

test('the same reading again changes nothing', () => {
  expect(fed(reading(0, 0), reading(1, 7), reading(1, 7)).window(10)).toEqual({
    seconds: 1,
    delta: { commits: 7 },
  });
});

test('a counter that is new has not grown', () => {
  const rates = new Rates(60);
  rates.push(reading(0, 1));
  rates.push({ at: 1000, epoch: 'a', counters: { commits: 2, rollbacks: 900 } });
  expect(rates.window(10)?.delta).toEqual({ commits: 1, rollbacks: 0 });
});

test('cleared, it begins anew', () => {
  const rates = fed(reading(0, 0), reading(1, 7));
  rates.clear();
  expect(rates.window(10)).toBeUndefined();
});
