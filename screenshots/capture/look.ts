import type { Palette } from '../../test/ui/palettes.ts';

/** The terminal's 16 colours; the console uses no others. */
export const THEME = {
  background: '#14181f',
  foreground: '#d3d9e3',
  cursor: '#14181f',
  black: '#2a303b',
  red: '#f2777a',
  green: '#8fce7e',
  yellow: '#edc06a',
  blue: '#7aa9f0',
  magenta: '#c99bea',
  cyan: '#63c7d4',
  white: '#d3d9e3',
  brightBlack: '#7f8a9c',
  brightRed: '#ff8f92',
  brightGreen: '#a8e298',
  brightYellow: '#ffd68a',
  brightBlue: '#9cc2ff',
  brightMagenta: '#e0b8ff',
  brightCyan: '#84e0ec',
  brightWhite: '#ffffff',
} as const;

const NAMES = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'] as const;

/** A palette as xterm.js takes it. */
export function themeFrom({ colours, text, ground }: Palette): Readonly<Record<string, string>> {
  const bright = (name: string) => `bright${name.charAt(0).toUpperCase()}${name.slice(1)}`;
  const names = [...NAMES, ...NAMES.map(bright)];
  return {
    ...Object.fromEntries(names.map((name, at) => [name, `#${colours[at]}`])),
    ...{ background: `#${ground}`, foreground: `#${text}`, cursor: `#${ground}` },
  };
}

/** Width of a character of DejaVu Sans Mono in parts of its size. */
const ADVANCE = 0.602051;
/**
 * A cell is a whole number of pixels of the picture: then the same letter is the same picture everywhere, which packs
 * well.
 */
const CELL = 7.5;

/** A font whose lines and blocks meet, and one whose ideographs fill two cells. */
export const FONT = {
  fontFamily: '"DejaVu Sans Mono", "Noto Sans Mono CJK SC", monospace',
  fontSize: CELL / ADVANCE,
  lineHeight: 1.05,
  letterSpacing: 0,
} as const;
