import { describe, expect, test } from 'vitest';
import {
  bytes,
  count,
  duration,
  durationText,
  exact,
  milliseconds,
  moment,
  parseDuration,
  percent,
  plural,
  roughly,
} from '../../src/text/units.ts';

test.each([bytes, count, duration, milliseconds, percent])('%O of what is not known is no zero', (unit) => {
  for (const value of [null, undefined, Number.NaN]) expect(unit(value)).toBe('-');
});

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.0 kB'],
  [1024, '1.0 kB'],
  [10_188, '9.9 kB'],
  [10_240, '10 kB'],
  [1_048_576 * 999, '999 MB'],
  [1_048_576 * 1000, '1.0 GB'],
  [-2048, '-2.0 kB'],
  [2 ** 60, '1024 PB'],
])('bytes(%i)', (value, expected) => expect(bytes(value)).toBe(expected));

test('moment: to the second, by the clock of this machine', () => {
  const at = new Date(2026, 0, 2, 3, 4, 5, 678);
  expect(moment(at)).toBe('2026-01-02 03:04:05');
  expect(moment(at.toISOString())).toBe('2026-01-02 03:04:05');
});

describe('duration', () => {
  test.each([
    [0, '0.0s'],
    [-3, '0.0s'],
    [9.94, '9.9s'],
    [9.96, '9.9s'],
    [10, '10s'],
    [12.9, '12s'],
    [59.9, '59s'],
    [60, '1m00s'],
    [3599, '59m59s'],
    [3600, '1h00m'],
    [86_399, '23h59m'],
    [86_400, '1d00h'],
    [8_640_000 - 1, '99d23h'],
    [8_640_000, '100d'],
    [400 * 86_400, '400d'],
  ])('%d s', (seconds, expected) => expect(duration(seconds)).toBe(expected));

  test('never takes more than the six cells of its columns', () => {
    for (let seconds = 0.01; seconds < 1e9; seconds *= 1.01)
      expect(duration(seconds).length, `${seconds}`).toBeLessThanOrEqual(6);
  });

  test('never goes back', () => {
    const shown = Array.from({ length: 90_000 }, (_, i) => parseDuration(duration(i / 100)) ?? Number.NaN);
    for (const [i, seconds] of shown.entries())
      expect(seconds, `${i / 100}`).toBeGreaterThanOrEqual(shown[i - 1] ?? 0);
  });
});

test.each([
  [0.041, '0.04ms'],
  [1.23, '1.2ms'],
  [12.3, '12ms'],
  [999.4, '999ms'],
  [1200, '1.2s'],
])('milliseconds(%d)', (value, expected) => expect(milliseconds(value)).toBe(expected));

test.each([
  [0, '0'],
  [0.25, '0.3'],
  [812, '812'],
  [999.6, '1.0k'],
  [1400, '1.4k'],
  [227_000, '227k'],
  [3_100_000, '3.1M'],
  [-1400, '-1.4k'],
  [4e12, '4.0T'],
  [1e16, '1.0e+16'],
])('count(%d)', (value, expected) => expect(count(value)).toBe(expected));

test('a percentage is 100 only when nothing is missing, and is never rounded up', () => {
  expect([percent(1), percent(0.9999), percent(0.992), percent(0)]).toEqual([
    '100%',
    '99.9%',
    '99.2%',
    '0.0%',
  ]);
  for (let k = 0; k < 1000; k++) expect(percent(k / 1000)).toBe(`${(k / 10).toFixed(1)}%`);
});

test.each([
  ['10m', 600],
  ['90s', 90],
  ['90', undefined],
  ['1h30', undefined],
  ['1h30m', 5400],
  ['2d', 172_800],
  ['5min', 300],
  [' 1.5h ', 5400],
  ['500ms', 0.5],
  ['', undefined],
  ['ten', undefined],
  ['10m!', undefined],
  ['-5m', undefined],
])('parseDuration(%j)', (text, expected) => expect(parseDuration(text)).toBe(expected));

test.each([
  [600, '10m'],
  [90, '1m30s'],
  [7200, '2h'],
  [90_000, '1d1h'],
  [0.5, '0.5s'],
  [0, '0s'],
])('durationText(%d)', (seconds, text) => {
  expect(durationText(seconds)).toBe(text);
  expect(parseDuration(text)).toBe(seconds);
});

test.each([
  [1, 'index', '1 index'],
  [2, 'index', '2 indexes'],
  [2, 'invalid index', '2 invalid indexes'],
  [1234, 'table', '1,234 tables'],
  [0, 'database', '0 databases'],
])('%d %s', (n, word, text) => {
  expect(plural(n, word)).toBe(text);
  if (n < 1000) expect(roughly(n, word)).toBe(text);
});

test.each([
  [0, '0'],
  [-12, '-12'],
  [999, '999'],
  [1000, '1,000'],
  [-1_234_567, '-1,234,567'],
  [12.5, '12.5'],
])('every digit of %d: %s', (n, text) => {
  expect(exact(n)).toBe(text);
});
