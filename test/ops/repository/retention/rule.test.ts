import { expect, test } from 'vitest';
import { DEFAULT_KEEP, parseKeep } from '../../../../src/ops/repository/retention/rule.ts';

test.each([
  [DEFAULT_KEEP, { tiers: { daily: 7, weekly: 4, monthly: 12 }, min: 2 }],
  ['keep 7 daily 4 weekly 12 monthly min 2', { tiers: { daily: 7, weekly: 4, monthly: 12 }, min: 2 }],
  ['KEEP 30 days min 3', { tiers: {}, days: 30, min: 3 }],
  ['last 10', { tiers: {}, last: 10, min: 1 }],
  ['24 hourly 5 yearly last 3 min 0', { tiers: { hourly: 24, yearly: 5 }, last: 3, min: 1 }],
])('%s', (text, rule) => {
  expect(parseKeep(text)).toEqual({ ok: true, rule });
});

test.each([
  '',
  'keep',
  'seven daily',
  '7',
  '7 daily 3',
  '0 daily',
  '7 fortnightly',
  'min 2',
  'last 5 last 2',
  '7 days 1 day',
  '30 daily 7 daily',
  'last',
  '-1 days',
])('"%s" is refused, with what is expected', (text) => {
  expect(parseKeep(text)).toMatchObject({
    ok: false,
    message: expect.stringMatching(/^expected a rule such as .*: ./),
  });
});
