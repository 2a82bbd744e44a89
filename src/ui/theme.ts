import { harmless } from '../text/clean.ts';
import type { Line, Tone } from '../text/line.ts';

/** Looks by meaning, each a list of SGR parameters. */
type Looks = Readonly<Record<Tone, readonly string[]>>;

/** A colour of the 6x6x6 cube on another one: unlike the first 16, they are the same on every palette. */
const on = (text: number, ground: number): readonly string[] => [`38;5;${text}`, `48;5;${ground}`];

const BLACK = 16;
const WHITE = 231;

/**
 * No colour of the 16 can be read as text on light and dark palettes alike. The best of them on its worst background:
 * red 3.0:1 (GNOME dark), green 2.2, yellow 1.7, blue 2.0, magenta 3.3, cyan 2.0; of the bright ones blue 2.9, and most
 * of Solarized's are greys. Nor can any other: 4.5:1 wants a luminance of at most 0.17 on Solarized's base3 and of at
 * least 0.26 on its base03. What reads everywhere is the terminal's own text, bold, dim and reversed, and text that
 * brings its ground with it: of the 16, black and white on each other only; of the cube, which palettes leave alone,
 * black on gold (15:1) and white on reds (5.4 and 7.4). So colour is where somebody should look, and good news has
 * none. Tests compute all of it.
 *
 * Headings are dim and not bright black, in which Solarized paints its background. Dim is the terminal's to draw.
 */
const DEFAULT: Looks = {
  plain: [],
  muted: ['2'],
  title: ['1'],
  key: ['1'],
  accent: ['1'],
  good: [],
  warn: on(BLACK, 220),
  alert: on(WHITE, 124),
  critical: ['1', ...on(WHITE, 160)],
  selected: ['7'],
  production: ['1', ...on(WHITE, 160)],
};

/** Without colour, what must stand out is bold or reversed; marks and words carry the rest. */
const MONO: Looks = {
  plain: [],
  muted: [],
  title: ['1'],
  key: ['1'],
  accent: [],
  good: [],
  warn: [],
  alert: ['1'],
  critical: ['1'],
  selected: ['7'],
  production: ['7'],
};

export const THEMES = { default: DEFAULT, mono: MONO } as const satisfies Readonly<Record<string, Looks>>;
export type Theme = keyof typeof THEMES;

/** The theme of the settings; one that there is not is a fault, and the default one holds. */
export function themeOf(name: unknown): { readonly theme: Theme; readonly fault?: string } {
  if (name === undefined) return { theme: 'default' };
  const names = Object.keys(THEMES);
  if (typeof name === 'string' && names.includes(name)) return { theme: name as Theme };
  const known = names.map((one) => JSON.stringify(one)).join(', ');
  const got = typeof name === 'string' ? JSON.stringify(name.slice(0, 40)) : `a ${typeof name}`;
  return { theme: 'default', fault: `expected one of ${known}, got ${got}` };
}

export type Paint = (line: Line) => string;

/** Words that bring their ground with them: the blanks around them are not part of what they say. */
const WORDS: ReadonlySet<Tone> = new Set(['warn', 'alert', 'critical']);

/** Turns lines into text with SGR sequences. The last door before the terminal: no piece brings its own. */
export function painter(theme: Theme): Paint {
  const looks: Looks = THEMES[theme];
  return (line) =>
    line
      .map((piece) => {
        const { tone, chosen } = piece;
        const text = harmless(piece.text);
        const look = tone === undefined ? [] : looks[tone];
        // dim and reversed is hard to read everywhere
        const own = chosen && tone === 'muted' ? [] : look;
        const around = chosen ? looks.selected : [];
        const all = [...around, ...own];
        if (tone === undefined || !WORDS.has(tone)) return painted(text, all);
        const words = text.trim();
        const at = text.indexOf(words);
        const [before, after] = [text.slice(0, at), text.slice(at + words.length)];
        return `${painted(before, around)}${painted(words, all)}${painted(after, around)}`;
      })
      .join('');
}

function painted(text: string, look: readonly string[]): string {
  if (text === '' || look.length === 0) return text;
  return `${look.map((one) => `\u001b[${one}m`).join('')}${text}\u001b[0m`;
}
