import { describe, expect, test } from 'vitest';
import { span, type Tone } from '../../src/text/line.ts';
import { painter, THEMES, type Theme, themeOf } from '../../src/ui/theme.ts';
import { colourOf, contrast, PALETTES, type Palette } from './palettes.ts';

const TONES = Object.keys(THEMES.default) as readonly Tone[];

test('each piece ends its own look', () => {
  const paint = painter('default');
  expect(paint([span('a'), span('b', 'title'), span('', 'alert'), span('c', 'plain')])).toBe(
    'a\u001b[1mb\u001b[0mc',
  );
  for (const tone of TONES) expect(paint([span('x', tone)])).toMatch(/^(x|(\u001b\[[0-9;]+m)+x\u001b\[0m)$/);
});

test('what is wrong brings its ground with it, so that it reads on every palette', () => {
  expect(painter('default')([span('!1m', 'warn')])).toBe('\u001b[38;5;16m\u001b[48;5;220m!1m\u001b[0m');
});

test('the blanks around it have no ground, but that of the row under the cursor', () => {
  const paint = painter('default');
  const gold = '\u001b[38;5;16m\u001b[48;5;220m';
  expect(paint([span('  !1m 2s ', 'warn')])).toBe(`  ${gold}!1m 2s\u001b[0m `);
  expect(paint([{ text: ' !1m', tone: 'warn', chosen: true }])).toBe(
    `\u001b[7m \u001b[0m\u001b[7m${gold}!1m\u001b[0m`,
  );
  expect(paint([span('   ', 'alert')])).toBe('   ');
});

test('in mono there is bold and reverse only', () => {
  const paint = painter('mono');
  for (const tone of TONES) expect(paint([span('x', tone)])).toMatch(/^(x|\u001b\[[17]mx\u001b\[0m)$/);
  expect(paint([span('x', 'selected')])).toBe('\u001b[7mx\u001b[0m');
  expect(paint([span('x', 'critical')])).toBe('\u001b[1mx\u001b[0m');
});

test('a row under the cursor keeps the colour of what it says, and headings are dim, not a colour', () => {
  const paint = painter('default');
  expect(paint([{ text: 'idle in xact', tone: 'warn', chosen: true }])).toBe(
    '\u001b[7m\u001b[38;5;16m\u001b[48;5;220midle in xact\u001b[0m',
  );
  expect(paint([{ text: 'x', chosen: true }])).toBe('\u001b[7mx\u001b[0m');
  expect(paint([{ text: 'x', tone: 'muted', chosen: true }])).toBe('\u001b[7mx\u001b[0m');
  expect(paint([span('PID', 'muted')])).toBe('\u001b[2mPID\u001b[0m');
  expect(painter('mono')([{ text: 'x', tone: 'warn', chosen: true }])).toBe('\u001b[7mx\u001b[0m');
});

test('the theme of the settings, the default one, and what is none', () => {
  expect(themeOf(undefined)).toEqual({ theme: 'default' });
  expect(themeOf('mono')).toEqual({ theme: 'mono' });
  expect(themeOf('solar')).toEqual({
    theme: 'default',
    fault: 'expected one of "default", "mono", got "solar"',
  });
  expect(themeOf('toString').fault).toContain('got "toString"');
  expect(themeOf(7).fault).toContain('got a number');
});

/** What can be read: WCAG 2.2, 1.4.3. */
const READABLE = 4.5;

const themes = Object.keys(THEMES) as readonly Theme[];

/** Text and ground of a piece as a terminal paints it. */
function painted(sequences: string, palette: Palette): { text: string; ground: string; own: boolean } {
  let [text, ground, reversed, own] = [palette.text, palette.ground, false, false];
  for (const [, parameters = ''] of sequences.matchAll(/\u001b\[([\d;]*)m/g)) {
    const [first, kind, index] = parameters.split(';').map(Number);
    if (first === 0) break;
    if (first === 7) reversed = true;
    else if (first === 38 && kind === 5) [text, own] = [colourOf(palette, index ?? 0), true];
    else if (first === 48 && kind === 5) [ground, own] = [colourOf(palette, index ?? 0), true];
    else if (first !== undefined && first >= 30 && first <= 37)
      [text, own] = [colourOf(palette, first - 30), true];
    else if (first !== undefined && first >= 90 && first <= 97)
      [text, own] = [colourOf(palette, first - 82), true];
    else if (first !== undefined && first >= 40 && first <= 47)
      [ground, own] = [colourOf(palette, first - 40), true];
    else if (first !== undefined && first >= 100 && first <= 107)
      [ground, own] = [colourOf(palette, first - 92), true];
    else if (first !== 1 && first !== 2) throw new Error(`what does SGR ${parameters} look like?`);
  }
  return reversed ? { text: ground, ground: text, own } : { text, ground, own };
}

describe.each(themes)('contrast of %s', (theme) => {
  const paint = painter(theme);
  test.each(PALETTES.map((palette) => [palette.name, palette] as const))(
    'can be read on %s',
    (_, palette) => {
      const usual = contrast(palette.text, palette.ground);
      for (const tone of TONES)
        for (const chosen of [false, true]) {
          const { text, ground, own } = painted(
            paint([{ text: 'x', tone, ...(chosen && { chosen }) }]),
            palette,
          );
          // what has no colour is as readable as all else in that terminal: Solarized light has 4.1:1 for its own text
          const wanted = own ? READABLE : Math.min(READABLE, usual);
          expect([tone, chosen, contrast(text, ground) >= wanted]).toEqual([tone, chosen, true]);
        }
    },
  );
});

test('that is why no colour of the 16 is text on the ground of a terminal', () => {
  for (let index = 0; index < 16; index++) {
    const worst = Math.min(...PALETTES.map((palette) => contrast(colourOf(palette, index), palette.ground)));
    expect([index, worst < 3.4]).toEqual([index, true]);
  }
  for (let index = 16; index < 256; index++) {
    const worst = Math.min(...PALETTES.map((palette) => contrast(colourOf(palette, index), palette.ground)));
    expect([index, worst < READABLE]).toEqual([index, true]);
  }
});

test('nor are two of the 16 but black and white, which palettes keep', () => {
  const pairs = [];
  for (let text = 0; text < 16; text++)
    for (let ground = 0; ground < 16; ground++)
      if (
        PALETTES.every((palette) => contrast(colourOf(palette, text), colourOf(palette, ground)) >= READABLE)
      )
        pairs.push(`${text}/${ground}`);
  // 14 is a grey in Solarized
  expect(pairs).toEqual(['0/7', '0/14', '0/15', '7/0', '14/0', '15/0']);
});

test('the figures of the comment', () => {
  const [palette] = PALETTES;
  if (palette === undefined) throw new Error('no palette');
  const of = (text: number, ground: number) =>
    Math.floor(contrast(colourOf(palette, text), colourOf(palette, ground)) * 10) / 10;
  expect([of(16, 220), of(231, 160), of(231, 124)]).toEqual([14.9, 5.3, 7.4]);
  expect(contrast('000000', 'ffffff')).toBe(21);
});

test('tones that say that something is wrong do not look alike', () => {
  const looks = (['warn', 'alert', 'critical', 'plain'] as const).map((tone) => THEMES.default[tone].join());
  expect(new Set(looks).size).toBe(looks.length);
});
