import type { Key } from 'ink';
import { expect, test } from 'vitest';
import { ACTIONS } from '../../src/app/actions/registry.ts';
import { keyNames } from '../../src/ui/input.ts';

const names = (input: string, key: Partial<Key> = {}) => keyNames(input, key as Key);

test('keys typed fast arrive as one event and are many', () => {
  expect(names('jjj')).toEqual(['j', 'j', 'j']);
  expect(names('3K')).toEqual(['3', 'K']);
  expect(names('j \r\tk')).toEqual(['j', 'space', 'enter', 'tab', 'k']);
});

test('a wide or composed character is one key', () => {
  expect(names('库存e\u0301👍🏽')).toEqual(['库', '存', 'e\u0301', '👍🏽']);
});

test.each([
  ['', { upArrow: true }, ['up']],
  ['', { pageDown: true }, ['pgdn']],
  ['', { home: true }, ['home']],
  ['', { return: true }, ['enter']],
  ['', { escape: true }, ['esc']],
  ['', { tab: true }, ['tab']],
  ['', { tab: true, shift: true }, ['backtab']],
  ['c', { ctrl: true }, ['^C']],
  ['p', { ctrl: true }, ['^P']],
  ['x', { meta: true }, []],
  ['\u0000', {}, []],
  ['\u009b', {}, []],
] as const)('%j with %j', (input, key, expected) => {
  expect(names(input, key)).toEqual(expected);
});

test('every key of the action table is one that can be typed', () => {
  const special = [
    'up',
    'down',
    'left',
    'right',
    'pgup',
    'pgdn',
    'home',
    'end',
    'enter',
    'esc',
    'tab',
    'backtab',
    'space',
  ];
  for (const { id, keys } of ACTIONS)
    for (const key of keys) {
      const typed = /^\^[A-Z]$/.test(key) ? names(key.slice(1).toLowerCase(), { ctrl: true }) : names(key);
      expect(special.includes(key) || typed.join() === key, `${key} of ${id}`).toBe(true);
    }
});
