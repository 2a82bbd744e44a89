import { describe, expect, test } from 'vitest';
import { patternOf } from '../../../src/text/filter/pattern.ts';
import { random } from '../random.ts';

function matches(source: string, text: string, anyCase = false): boolean {
  const pattern = patternOf(source, anyCase);
  if ('reason' in pattern) throw new Error(`/${source}/: ${pattern.reason}`);
  return pattern.matches(text);
}

test.each([
  ['abc', 'xabcx', true],
  ['^abc$', 'abc', true],
  ['^abc$', 'abcd', false],
  ['^select|update$', 'an update', true],
  ['a{2,3}b', 'ab aab', true],
  ['^a{2}$', 'aaa', false],
  ['^a{2,}$', 'aaaa', true],
  ['^(?:ab)?c', 'abc', true],
  ['^(?<name>a|b)+$', 'abba', true],
  ['\\bid\\b', 'an id=5', true],
  ['\\bid\\b', 'valid', false],
  ['\\Bid\\b', 'valid', true],
  ['[^a-z]', 'abc', false],
  ['[\\]x]', ']', true],
  ['\\d+\\.\\d+', 'v 15.18', true],
  ['^.$', '库', true],
  ['^.$', '😀', true],
  ['\\p{Lu}', 'aÄ', true],
  ['\\u{5e93}', '库', true],
  ['\\/tmp\\/', 'in /tmp/x', true],
  ['(a|b|)*c', 'ababc', true],
  ['(?:)', '', true],
  ['a*?$', 'b', true],
])('/%s/ in %j: %s', (source, text, expected) => {
  expect(matches(source, text)).toBe(expected);
  expect(new RegExp(source, 'u').test(text)).toBe(expected);
});

test('upper and lower case alike, where that is asked for', () => {
  expect(matches('SELECT', 'select 1')).toBe(false);
  expect(matches('SELECT [a-c]ß', 'select Bß', true)).toBe(true);
  expect(matches('[^A]', 'a', true)).toBe(false);
});

const pick = <T>(below: (n: number) => number, list: readonly T[]): T => list[below(list.length)] as T;

/** A pattern of up to so many levels, every one of which JavaScript takes. */
function somePattern(below: (n: number) => number, depth: number): string {
  const atom = (): string =>
    depth > 0 && below(3) === 0
      ? pick(below, ['(', '(?:', '(?<n>']).replace('n', `n${below(1e9)}`) +
        somePattern(below, depth - 1) +
        ')'
      : pick(below, ['a', 'b', 'c', '.', '[ab]', '[^a]', '\\w', '\\W', '\\d', ' ', '^', '$', '\\b', '\\B']);
  const piece = (): string => {
    const one = atom();
    return /^[\^$]|^\\[bB]/.test(one)
      ? one
      : one + pick(below, ['', '', '', '*', '+', '?', '*?', '{0,2}', '{2}']);
  };
  const sequence = () => Array.from({ length: 1 + below(4) }, piece).join('');
  return Array.from({ length: 1 + below(3) }, sequence).join('|');
}

test('whatever is typed is found where JavaScript finds it', () => {
  const below = random(2512);
  for (let round = 0; round < 3000; round++) {
    const source = somePattern(below, 2);
    const anyCase = below(2) === 0;
    const native = new RegExp(source, anyCase ? 'iu' : 'u');
    for (let i = 0; i < 5; i++) {
      const text = Array.from({ length: below(8) }, () =>
        pick(below, ['a', 'b', 'c', 'A', 'B', '1', ' ', '库']),
      ).join('');
      expect([source, text, matches(source, text, anyCase)]).toEqual([source, text, native.test(text)]);
    }
  }
});

describe('a pattern that has no end in other engines', () => {
  test.each(['(a+)+$', '^(a|a)*$', '(.*)*x', '^(([a-z])+.)+[A-Z]([a-z])+$', '.*.*.*.*.*y', '(a?){50}a{50}b'])(
    '/%s/ takes as long as the text is',
    (source) => {
      const text = `${'a'.repeat(20_000)}!`;
      const pattern = patternOf(source, false);
      if ('reason' in pattern) throw new Error(pattern.reason);
      const began = performance.now();
      expect(pattern.matches(text)).toBe(false);
      // native: longer than the universe has
      expect(performance.now() - began).toBeLessThan(3000);
    },
  );

  test('texts that are all different do not fill the memory', () => {
    const pattern = patternOf('(?:a|b)[ab]{14}c', false);
    if ('reason' in pattern) throw new Error(pattern.reason);
    const below = random(3);
    const text = Array.from({ length: 50_000 }, () => 'ab'[below(2)]).join('');
    const before = process.memoryUsage().heapUsed;
    expect(pattern.matches(text)).toBe(false);
    expect(pattern.matches(`${'a'.repeat(15)}c`)).toBe(true);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(200e6);
  });
});

test.each([
  ['(', 'Unterminated group'],
  ['a**', 'Nothing to repeat'],
  ['[z-a]', 'Range out of order in character class'],
  ['\\', '\\ at end of pattern'],
  ['(?=a)', 'cannot be looked for'],
  ['(?<!a)b', 'cannot be looked for'],
  ['(?i:a)', 'cannot be looked for'],
  ['(a)\\1', 'cannot be looked for'],
  ['(?<x>a)\\k<x>', 'cannot be looked for'],
  ['(a{100}){100}', 'it is too large'],
  ['((a{0,99999}){0,99999}){0,99999}', 'it is too large'],
])('/%s/ is refused: %s', (source, reason) => {
  expect(patternOf(source, false)).toEqual({ reason: expect.stringContaining(reason) });
});
