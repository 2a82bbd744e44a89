import { describe, expect, test } from 'vitest';
import { ACTIONS } from '../../../src/app/actions/registry.ts';
import { CONTEXTS } from '../../../src/app/core/action.ts';
import { keymapOf } from '../../../src/app/keymap.ts';
import { bindKeys } from '../../../src/app/keys/bind.ts';

const faults = (keys: unknown) => bindKeys(ACTIONS, keys).faults;
const keysOf = (keys: unknown, id: string) => bindKeys(ACTIONS, keys).actions.find((a) => a.id === id)?.keys;

test('without keys in the settings nothing is changed', () => {
  expect(bindKeys(ACTIONS, undefined)).toEqual({ actions: ACTIONS, faults: [] });
  expect(bindKeys(ACTIONS, {})).toEqual({ actions: ACTIONS, faults: [] });
});

test('a key, a list of them, or none; the old one means nothing any more', () => {
  const keys = {
    'find.filter': 'f',
    'row.copy': ['y', '^y', '^Y'],
    'time.pause': [],
    'pane.next': ['Tab', 'F'],
  };
  const { actions, faults: none } = bindKeys(ACTIONS, keys);
  expect(none).toEqual([]);
  const screen = keymapOf(actions).get('screen');
  expect([screen?.get('f')?.id, screen?.get('/'), screen?.get('p')]).toEqual([
    'find.filter',
    undefined,
    undefined,
  ]);
  expect(keysOf(keys, 'row.copy')).toEqual(['y', '^Y']);
  expect(keysOf(keys, 'pane.next')).toEqual(['tab', 'F']);
  // in its order, with all else as it was
  expect(actions.map(({ id }) => id)).toEqual(ACTIONS.map(({ id }) => id));
});

test('two that change places are no conflict', () => {
  expect(faults({ 'find.sort': 'S', 'find.reverse': 's' })).toEqual([]);
});

test.each([['库'], ['é'], ['€'], ['^F'], ['delete']])('%s is a key', (key) => {
  expect(faults({ 'find.filter': key })).toEqual([]);
});

describe('what is wrong, and where', () => {
  test.each([
    [5, [], 'expected an object {…} of actions and their keys'],
    [['f'], [], 'expected an object'],
    [{ 'find.filtr': 'f' }, ['find.filtr'], 'there is no action "find.filtr"'],
    [{ 'find.filter': 7 }, ['find.filter'], 'expected a key such as "f", or a list'],
    [{ 'find.filter': ['f', null] }, ['find.filter'], 'expected a key such as "f"'],
    [
      { 'find.filter': 'ff' },
      ['find.filter'],
      '"ff" is no key: expected a character, ^A to ^Z, or one of enter',
    ],
    [{ 'find.filter': ['f', ''] }, ['find.filter', 1], '"" is no key'],
    [{ 'find.filter': ' ' }, ['find.filter'], '" " is no key'],
    [{ 'find.filter': '\u001b' }, ['find.filter'], 'is no key'],
    [{ 'find.filter': 'F5' }, ['find.filter'], '"F5" is no key'],
    [{ 'find.filter': 'Alt-f' }, ['find.filter'], 'is no key'],
    [{ 'find.filter': '^1' }, ['find.filter'], 'is no key'],
    [{ 'find.filter': '^i' }, ['find.filter'], '^I is no key that can be had: it arrives as Tab'],
    [{ 'find.filter': '^S' }, ['find.filter'], '^S is no key that can be had: it is kept by terminals'],
    [
      { 'signal.terminate': '^K' },
      ['signal.terminate'],
      'it can destroy something, and ^K is too near to a slip',
    ],
    [{ 'dialog.yes': ['y', '^Y'] }, ['dialog.yes', 1], 'it can destroy something'],
    [{ 'signal.terminate': 'Space', 'row.mark': 'm' }, ['signal.terminate'], 'space is pressed too easily'],
    [{ 'field.enter': 'x' }, ['field.enter'], 'x is typed there: expected a key that is no character'],
    [{ interrupt: 'x' }, ['interrupt'], 'x is typed there'],
    [{ interrupt: [] }, ['interrupt'], 'it needs a key'],
    [{ quit: [] }, ['quit'], 'it needs a key'],
    [{ 'dialog.no': [] }, ['dialog.no'], 'it needs a key'],
  ])('%j', (keys, path, message) => {
    const [first, ...others] = faults(keys);
    expect([first?.path, others]).toEqual([path, []]);
    expect(first?.message).toContain(message);
    expect(bindKeys(ACTIONS, keys).actions).toBe(ACTIONS);
  });

  test('two actions on one key, both named, at the one that was moved there', () => {
    expect(faults({ 'find.filter': ['/', 'p'] })).toEqual([
      {
        path: ['find.filter', 1],
        message:
          'p is the key of both "time.pause" (Pause or resume) and "find.filter" (Filter: user:app age>30s !word "a b" /x/)',
      },
    ]);
    expect(faults({ 'time.pause': 'f', 'time.now': 'f' })).toEqual([
      { path: ['time.now'], message: expect.stringContaining('f is the key of both "time.pause"') },
    ]);
    // always heard, so that they conflict with everything
    expect(faults({ suspend: '^P' }).map(({ message }) => message)).toEqual([
      expect.stringContaining('"run.palette"'),
      expect.stringContaining('"palette.up"'),
    ]);
  });

  test('what asks is not on the key that answers with yes', () => {
    const message = expect.stringContaining('pressed twice, it is done unread');
    expect(faults({ 'row.copy': [], 'signal.terminate': ['Y', 'y'] })).toEqual([
      { path: ['signal.terminate', 1], message },
    ]);
    expect(faults({ 'dialog.yes': 'K' })).toEqual([{ path: ['dialog.yes'], message }]);
    expect(faults({ 'row.copy': [], 'signal.terminate': 'y', 'dialog.yes': 'Y' })).toEqual([]);
  });

  test('every fault is told at once', () => {
    expect(faults({ 'find.filtr': 'f', 'row.copy': 'yy', 'signal.cancel': '^X' })).toHaveLength(3);
  });
});

test('whatever is bound without a fault, no key means two things anywhere', () => {
  const names = ['f', 'p', 's', 'K', '^X', 'enter', 'esc', 'q', 'y', 'up'];
  for (const { id } of ACTIONS)
    for (const key of names) {
      const { actions, faults: found } = bindKeys(ACTIONS, { [id]: key });
      if (found.length > 0) continue;
      for (const scopes of Object.values(CONTEXTS)) {
        const keys = actions.filter(({ scope }) => scopes.includes(scope)).flatMap((a) => a.keys);
        expect([id, key, keys.length]).toEqual([id, key, new Set(keys).size]);
      }
    }
});
