import { expect, test } from 'vitest';
import type { Cadence, RoutineItem } from '../../../src/config/routine.ts';
import { standingOf } from '../../../src/ops/routine/due.ts';

const NOW = Date.parse('2026-11-29T12:00:00Z');
const HOUR = 3_600_000;
const item = (every: Cadence): RoutineItem => ({
  name: 'x',
  title: 'X',
  every,
  work: { kind: 'command', command: 'true' },
});
const standing = (every: Cadence, hours: number) =>
  standingOf(item(every), { doneAt: NOW - hours * HOUR }, NOW);

test.each([
  ['daily', 19, 21],
  ['weekly', 5 * 24, 7 * 24 - 1],
  // a month of 28 days, by a job that began an hour later the last time
  ['monthly', 26 * 24, 28 * 24 - 1],
  ['quarterly', 84 * 24, 89 * 24],
] as const)('%s: not after %i hours, again after %i', (every, early, late) => {
  expect(standing(every, early)).toMatchObject({ due: false, dueAt: expect.any(Number) });
  expect(standing(every, late)).toMatchObject({ due: true, dueAt: null });
});

test('what was never done is due, and so is what a wrong clock has done', () => {
  expect(standingOf(item('daily'), { doneAt: null }, NOW)).toMatchObject({
    due: true,
    why: 'never done here, as far as is known',
  });
  expect(standing('daily', -48)).toMatchObject({ due: true, why: expect.stringMatching(/still to come$/) });
});

test('what did not end well is due until it does', () => {
  const bad = { at: NOW - HOUR, text: 'X: the disk is full.' };
  expect(standingOf(item('weekly'), { doneAt: NOW - 2 * HOUR, bad }, NOW)).toMatchObject({
    due: true,
    why: '1h00m ago: X: the disk is full.',
  });
  expect(standingOf(item('weekly'), { doneAt: NOW, by: 'run 1', bad }, NOW)).toMatchObject({
    due: false,
    why: expect.stringMatching(/^done .* ago \(run 1\); due again on 2026-12-05/),
  });
});
