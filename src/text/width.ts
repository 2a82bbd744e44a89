import stringWidth from 'string-width';
import { graphemes } from './graphemes.ts';
import { isSimple } from './simple.ts';

/** Terminal cells the text takes (wide CJK characters take two). The text carries no control characters. */
export function width(text: string): number {
  return isSimple(text) ? text.length : stringWidth(text);
}

/** The longest beginning of the text that fits into the given cells; never half of a character. */
export function take(text: string, cells: number): string {
  if (cells <= 0) return '';
  if (isSimple(text)) return text.slice(0, cells);
  let used = 0;
  let end = 0;
  for (const { segment, index } of graphemes(text)) {
    const w = stringWidth(segment);
    if (used + w > cells) break;
    used += w;
    end = index + segment.length;
  }
  return text.slice(0, end);
}

/** How many terminal cells of the text to leave out from the left, as text; for scrolling sideways. */
export function skip(text: string, cells: number): string {
  if (cells <= 0) return text;
  if (isSimple(text)) return text.slice(cells);
  const head = take(text, cells);
  const rest = text.slice(head.length);
  const short = cells - width(head);
  if (short === 0 || rest === '') return rest;
  // a wide character cut by the edge leaves blank cells, so that the rest stays in its column
  const cut = firstGrapheme(rest);
  return ' '.repeat(Math.max(0, width(cut) - short)) + rest.slice(cut.length);
}

function firstGrapheme(text: string): string {
  for (const { segment } of graphemes(text)) return segment;
  return '';
}

/** Splits text into what a person would call characters: the unit in which keys arrive. */
export function characters(text: string): string[] {
  return isSimple(text) ? [...text] : Array.from(graphemes(text), (s) => s.segment);
}

/** The text cut to the given cells, with `…` (or `~` in ASCII mode) where something was left out. */
export function clip(text: string, cells: number, mark = '…'): string {
  if (text.length <= cells && isSimple(text)) return text;
  if (width(text) <= cells) return text;
  return cells <= 0 ? '' : take(text, cells - 1) + mark;
}

/** The text in exactly the given cells: cut or padded. */
export function fit(text: string, cells: number, align: 'left' | 'right' = 'left', mark = '…'): string {
  const cut = clip(text, cells, mark);
  const pad = ' '.repeat(Math.max(0, cells - width(cut)));
  return align === 'right' ? pad + cut : cut + pad;
}

/** Lines of at most the given cells, broken at spaces where there are any; existing line breaks stay. */
export function wrap(text: string, cells: number): string[] {
  const lines: string[] = [];
  for (const paragraph of text.split('\n')) {
    let rest = paragraph;
    while (width(rest) > cells) {
      const head = take(rest, cells) || firstGrapheme(rest);
      const space = rest[head.length] === ' ' ? head.length : head.lastIndexOf(' ');
      const at = space > head.length / 3 ? space : head.length;
      lines.push(rest.slice(0, at));
      rest = rest.slice(rest[at] === ' ' ? at + 1 : at);
    }
    if (rest !== '' || paragraph === '') lines.push(rest);
  }
  return lines;
}
