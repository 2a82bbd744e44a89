import { expect, test } from 'vitest';
import { mergeThresholds } from '../../src/config/thresholds.ts';
import { cacheLevel, levelOf } from '../../src/health/level.ts';

const thresholds = mergeThresholds();

test.each([
  [80, 'normal'],
  [80.1, 'warn'],
  [90, 'alert'],
  [97.9, 'alert'],
  [98, 'critical'],
  [null, 'normal'],
  [undefined, 'normal'],
  [Number.NaN, 'normal'],
] as const)('connections at %s %% are %s', (value, level) => {
  expect(levelOf('connections_percent', value, thresholds)).toBe(level);
});

test.each([
  [1, 'normal'],
  [0.99, 'normal'],
  [0.98, 'warn'],
  [0.95, 'alert'],
  [0.8, 'critical'],
  [null, 'normal'],
] as const)('a cache hit ratio of %s with slow reads is %s', (ratio, level) => {
  expect(cacheLevel(ratio, 2, thresholds)).toBe(level);
  expect(cacheLevel(ratio, null, thresholds)).toBe(level);
});

test('a low cache hit ratio is no alarm while reads come from the cache of the system', () => {
  expect(cacheLevel(0.4, 0.01, thresholds)).toBe('normal');
});

test('thresholds of the profile decide', () => {
  const strict = mergeThresholds({ lock_wait_seconds: { normal: 0, alert: 1, critical: 2 } });
  expect(levelOf('lock_wait_seconds', 1.5, strict)).toBe('alert');
  expect(levelOf('lock_wait_seconds', 1.5, thresholds)).toBe('warn');
});
