import { expect, test } from 'vitest';
import { ageOf, badAge } from '../../src/text/age.ts';

test.each([
  ['90d', { months: 0, days: 90, minutes: 0 }],
  ['12h', { months: 0, days: 0, minutes: 720 }],
  ['3mo', { months: 3, days: 0, minutes: 0 }],
  ['1y', { months: 12, days: 0, minutes: 0 }],
  [' 1y 6mo2w3d4h5min ', { months: 18, days: 17, minutes: 245 }],
])('%s is an age', (text, age) => {
  expect(ageOf(text)).toEqual(age);
  expect(badAge(text)).toBeUndefined();
});

test.each([
  ['90', 'expected a number with its unit, such as 90d, 12h, 3mo or 1y: 90 has no unit'],
  ['1.5', 'expected a number with its unit, such as 90d, 12h, 3mo or 1y: 1.5 has no unit'],
  ['', 'expected a number with its unit, such as 90d, 12h, 3mo or 1y'],
  ['3m', 'expected a number with its unit, such as 90d, 12h, 3mo or 1y'],
  ['1.5d', 'expected a number with its unit, such as 90d, 12h, 3mo or 1y'],
  ['90 days', 'expected a number with its unit, such as 90d, 12h, 3mo or 1y'],
  ['d', 'expected a number with its unit, such as 90d, 12h, 3mo or 1y'],
  ['-5d', 'expected an age: -5d ago is in the future'],
  ['0d', 'expected an age of more than nothing'],
])('%j is none', (text, said) => {
  expect(badAge(text)).toBe(said);
});
