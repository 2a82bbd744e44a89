import { describe, expect, test } from 'vitest';
import { cleanBlock, cleanLine } from '../../src/text/clean.ts';

const ESC = '\u001b';
/** What a terminal acts on, or what takes no cell: none of it may be left. */
const STEERING = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;

describe('a line', () => {
  test.each([
    ['plain text', 'select 1', 'select 1'],
    ['runs of blanks', 'select   1', 'select 1'],
    ['line breaks and tabs', 'select\r\n\t1,\n2', 'select 1, 2'],
    ['wide and no-break blanks', 'a\u3000b\u00a0c', 'a b c'],
    ['colours', `a${ESC}[31mb${ESC}[0mc`, 'abc'],
    ['cursor movement', `a${ESC}[2J${ESC}[Hb`, 'ab'],
    ['a clipboard sequence with BEL', `a${ESC}]52;c;ZXZpbA==\u0007b`, 'ab'],
    ['a clipboard sequence with ST', `a${ESC}]52;c;ZXZpbA==${ESC}\\b`, 'ab'],
    ['a link', `${ESC}]8;;http://x\u0007text${ESC}]8;;\u0007`, 'text'],
    [
      'device control, privacy and application strings',
      `a${ESC}Pq#0${ESC}\\b${ESC}^x${ESC}\\c${ESC}_y\u009cd`,
      'abcd',
    ],
    ['other escape sequences', `a${ESC}cb${ESC}(0c${ESC}7d${ESC}>e`, 'abcde'],
    ['C1 sequences', 'a\u009b31mb\u009d52;c;QQ==\u009cc', 'abc'],
    ['C1 controls', 'a\u0085b\u0090c', 'a b·c'],
    ['bell and backspace', 'a\u0007b\bc', 'a·b·c'],
    ['bidi controls', 'a\u202eb\u2066c\u2069d', 'a·b·c·d'],
    ['zero-width characters', 'a\u200bb\u200dc\u2060d', 'a·b·c·d'],
    ['the grapheme joiner', 'a\u034fb', 'a·b'],
    ['fillers', 'a\u3164b\u115fc\uffa0d', 'a·b·c·d'],
    ['tag characters', 'a\u{e0041}\u{e007f}b', 'a··b'],
    ['variation selectors', 'a\ufe0fb\u{e0100}c', 'a·b·c'],
    ['musical and shorthand format characters', 'a\u{1d173}b\u{1bca0}c', 'a·b·c'],
    ['lone surrogates', 'a\ud800b\udc00c', 'a·b·c'],
    ['a whole pair', 'a\u{1f44d}b', 'a\u{1f44d}b'],
    ['a skin tone after nobody', 'a \u{1f3fd}b', 'a ·b'],
    ['a skin tone after a hand', '\u{1f44d}\u{1f3fd}', '\u{1f44d}\u{1f3fd}'],
    ['a mark after nothing', '\u0301a', '·\u0301a'],
    ['accents', 'e\u0301\u0323', 'e\u0301\u0323'],
    ['CJK', '库存流水', '库存流水'],
  ])('%s', (_, text, expected) => {
    expect(cleanLine(text)).toBe(expected);
  });

  test('piled-up marks keep two', () => {
    expect(cleanLine(`a${'\u0301'.repeat(40)}b`)).toBe('a\u0301\u0301b');
  });

  test('no sequence is put together by taking another one out', () => {
    expect(cleanLine(`${ESC}${ESC}[m]52;c;AAAA\u0007`)).not.toMatch(STEERING);
    expect(cleanLine(`${ESC}${ESC}[0m[2J`)).not.toMatch(STEERING);
  });

  test('an unfinished sequence stays visible and harmless', () => {
    expect(cleanLine(`a${ESC}]52;c;ZXZpbA==`)).toBe('a·]52;c;ZXZpbA==');
  });

  test('of all characters none that steers or hides is left', () => {
    for (let from = 0; from < 0x11_0000; from += 256) {
      const all = Array.from({ length: 256 }, (_, i) => `x${String.fromCodePoint(from + i)}`).join('');
      expect(cleanLine(all), `from U+${from.toString(16)}`).not.toMatch(STEERING);
    }
  });

  test('a megabyte is cleaned in no time', () => {
    const started = performance.now();
    for (const text of [
      `${ESC}]52;`,
      '\u009d52;',
      `${ESC}[0`,
      `${ESC}[ `,
      `${ESC} `,
      '\u009b',
      ESC,
      '\u0301',
    ])
      cleanLine(text.repeat(200_000));
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});

describe('a block', () => {
  test('keeps its line breaks and indentation', () => {
    expect(cleanBlock('select\r\n\t1,\r  2')).toBe('select\n  1,\n  2');
  });

  test('is as safe as a line', () => {
    expect(cleanBlock(`a${ESC}]52;c;QQ==\u0007\nb\u202ec\n\u2028d\u000be`)).toBe('a\nb·c\n·d·e');
  });
});
