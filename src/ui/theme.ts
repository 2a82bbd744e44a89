import { harmless } from '../text/clean.ts';
import type { Line, Tone } from '../text/line.ts';

/** SGR parameters of a tone: the terminal's own 16 colours, so that its palette and background hold. */
const COLOURS: Readonly<Record<Tone, string>> = {
  plain: '',
  // not bright black: some palettes paint the background in it
  muted: '2',
  title: '1',
  key: '36',
  accent: '36',
  good: '32',
  warn: '33',
  alert: '31',
  critical: '1;31',
  selected: '7',
  production: '1;97;41',
};

/** Without colour, what must stand out is bold or reversed; marks and words carry the rest. */
const MONOCHROME: Readonly<Record<Tone, string>> = {
  plain: '',
  muted: '',
  title: '1',
  key: '1',
  accent: '',
  good: '',
  warn: '',
  alert: '1',
  critical: '1',
  selected: '7',
  production: '7',
};

export type Paint = (line: Line) => string;

/** Turns lines into text with SGR sequences. The last door before the terminal: no piece brings its own. */
export function painter(color: boolean): Paint {
  const codes = color ? COLOURS : MONOCHROME;
  return (line) =>
    line
      .map((piece) => {
        const { tone, chosen } = piece;
        const text = harmless(piece.text);
        const code = tone === undefined ? '' : codes[tone];
        // dim and reversed is hard to read everywhere
        const own = chosen && tone === 'muted' ? '' : code;
        const all = [chosen ? codes.selected : '', own].filter((one) => one !== '');
        if (text === '' || all.length === 0) return text;
        return `${all.map((one) => `\u001b[${one}m`).join('')}${text}\u001b[0m`;
      })
      .join('');
}
