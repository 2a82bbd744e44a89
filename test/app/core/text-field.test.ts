import { expect, test } from 'vitest';
import {
  EMPTY_FIELD,
  editField,
  fieldOf,
  pasteField,
  proposal,
  type TextField,
} from '../../../src/app/core/text-field.ts';

/** The text with the cursor shown as `|`, after these keys. */
function after(from: TextField, ...keys: string[]): string {
  const field = keys.reduce((f, key) => editField(f, key) ?? f, from);
  const all = Array.from(new Intl.Segmenter().segment(field.text), (s) => s.segment);
  return `${all.slice(0, field.cursor).join('')}|${all.slice(field.cursor).join('')}`;
}

test.each([
  ['typing', EMPTY_FIELD, ['库', '存', 'a'], '库存a|'],
  ['a blank', fieldOf('库'), ['space', 'b'], '库 b|'],
  ['in the middle', fieldOf('库存'), ['left', 'x'], '库x|存'],
  ['to the ends', fieldOf('库存'), ['home', 'left', 'x', 'end', 'right', 'y'], 'x库存y|'],
  ['to the ends, the other way', fieldOf('库存'), ['^A', 'x', '^E', 'y'], 'x库存y|'],
  ['backspace takes a whole character', fieldOf('a👍🏽'), ['backspace'], 'a|'],
  ['backspace takes an accent with its letter', fieldOf('ae\u0301'), ['backspace'], 'a|'],
  ['backspace at the beginning', fieldOf('ab'), ['home', 'backspace'], '|ab'],
  ['delete', fieldOf('库存'), ['home', 'delete'], '|存'],
  ['delete at the end', fieldOf('ab'), ['delete'], 'ab|'],
  ['to the beginning', fieldOf('库存 流水'), ['left', '^U'], '|水'],
  ['to the end', fieldOf('库存 流水'), ['home', 'right', '^K'], '库|'],
  ['typing over a proposal', proposal('10m'), ['3', 'h'], '3h|'],
  ['erasing a proposal', proposal('10m'), ['backspace'], '|'],
  ['taking a proposal by moving in it', proposal('10m'), ['home', '1'], '1|10m'],
  ['a word', fieldOf('库存 流水  '), ['^W'], '库存 |'],
])('%s', (_, field, keys, expected) => {
  expect(after(field, ...keys)).toBe(expected);
});

test('keys that mean nothing to a field are left alone', () => {
  for (const key of ['up', 'enter', 'esc', '^P', 'tab', '\u0007'])
    expect(editField(fieldOf('a'), key)).toBeUndefined();
});

test('a paste goes in at the cursor', () => {
  const field = pasteField({ text: '库水', cursor: 1 }, '存\n流');
  expect(field).toEqual({ text: '库存 流水', cursor: 4 });
  expect(pasteField(proposal('10m'), '90s')).toEqual(fieldOf('90s'));
});
