import stringWidth from 'string-width';
import { describe, expect, test } from 'vitest';
import { cleanLine } from '../../src/text/clean.ts';
import { graphemes } from '../../src/text/graphemes.ts';
import { isSimple } from '../../src/text/simple.ts';
import { characters, clip, fit as fitText, skip, take, width, wrap } from '../../src/text/width.ts';
import { awkwardText, random } from './random.ts';

function eachText(check: (text: string, cells: number) => void): void {
  const below = random(7);
  for (let i = 0; i < 4_000; i++) check(cleanLine(awkwardText(below)), below(14));
}

describe('of any text', () => {
  test('fit gives exactly the cells asked for', () => {
    eachText((text, cells) => {
      for (const align of ['left', 'right'] as const)
        for (const mark of ['…', '~'])
          expect(stringWidth(fitText(text, cells, align, mark)), JSON.stringify([text, cells])).toBe(cells);
    });
  });

  test('clip and take never exceed the room, and take gives a beginning', () => {
    eachText((text, cells) => {
      expect(stringWidth(clip(text, cells)), JSON.stringify([text, cells])).toBeLessThanOrEqual(cells);
      expect(stringWidth(take(text, cells))).toBeLessThanOrEqual(cells);
      expect(text.startsWith(take(text, cells))).toBe(true);
    });
  });

  test('skip leaves the rest in its column', () => {
    eachText((text, cells) => {
      expect(width(skip(text, cells)), JSON.stringify([text, cells])).toBe(Math.max(0, width(text) - cells));
    });
  });

  test('wrap loses nothing but blanks, and no line is too long', () => {
    eachText((text, cells) => {
      const lines = wrap(text, cells + 2);
      // a single character may be wider than the room
      for (const line of lines)
        if (characters(line).length > 1) expect(width(line)).toBeLessThanOrEqual(cells + 2);
      expect(lines.join('').replaceAll(' ', '')).toBe(text.replaceAll(' ', ''));
    });
  });

  test('a text beside a blank is as wide as by itself', () => {
    eachText((text) => expect(stringWidth(` ${text}`)).toBe(1 + width(text)));
  });
});

test.each([
  ['库存流水', 5, '库存…'],
  ['库存流水', 4, '库… '],
  ['库存流水', 1, '…'],
  ['库存', 4, '库存'],
  ['👍👍', 3, '👍…'],
  ['ab', 0, ''],
  ['ab', -3, ''],
])('fit(%j, %i)', (text, cells, expected) => {
  expect(fitText(text, cells)).toBe(expected);
});

test('numbers stand at the right', () => {
  expect(fitText('42', 5, 'right')).toBe('   42');
});

test('a wide character cut by the left edge leaves a blank', () => {
  expect(skip('库存流水', 3)).toBe(' 流水');
  expect(skip('a库b', 2)).toBe(' b');
});

describe('wrap', () => {
  test.each([
    ['aaa bbb', 3, ['aaa', 'bbb']],
    ['abc de fgh', 6, ['abc de', 'fgh']],
    ['abc defgh', 6, ['abc', 'defgh']],
    ['abcdefgh', 3, ['abc', 'def', 'gh']],
    ['one\n\ntwo', 9, ['one', '', 'two']],
    ['库存流水账', 4, ['库存', '流水', '账']],
    ['库存', 1, ['库', '存']],
    ['', 5, ['']],
  ])('wrap(%j, %i)', (text, cells, expected) => {
    expect(wrap(text, cells)).toEqual(expected);
  });
});

test('characters are what a person would count', () => {
  expect(characters('a库e\u0301👍🏽🇩🇪')).toEqual(['a', '库', 'e\u0301', '👍🏽', '🇩🇪']);
});

test('what is taken for simple is one unit and one cell wide, alone and beside others', () => {
  const simple = Array.from({ length: 0x10000 }, (_, code) => String.fromCharCode(code)).filter(isSimple);
  expect(simple.length).toBeGreaterThan(250);
  expect(simple.filter((c) => stringWidth(c) !== 1)).toEqual([]);
  expect(stringWidth(simple.join(''))).toBe(simple.length);
  expect(isSimple('▶\ufe0f') || isSimple('e\u0301') || isSimple('仓')).toBe(false);
});

test('graphemes are those of Unicode, with escapes and line feeds alone', () => {
  eachText((text) => {
    const painted = `\u001b[31m${text}\n\u001b[0m ▶`;
    const expected = new Intl.Segmenter(undefined, { granularity: 'grapheme' }).segment(painted);
    expect(Array.from(graphemes(painted), ({ segment, index }) => ({ segment, index }))).toEqual(
      Array.from(expected, ({ segment, index }) => ({ segment, index })),
    );
  });
});
