import { clip, skip, width } from './width.ts';

/** What a piece of text means; the front end decides how that looks. */
export type Tone =
  | 'plain'
  | 'muted'
  | 'title'
  | 'key'
  | 'accent'
  | 'good'
  | 'warn'
  | 'alert'
  | 'critical'
  | 'selected'
  | 'production';

export interface Span {
  readonly text: string;
  readonly tone?: Tone;
}

/** One line of the screen: pieces side by side. */
export type Line = readonly Span[];

export function span(text: string, tone?: Tone): Span {
  return tone === undefined ? { text } : { text, tone };
}

export function lineWidth(line: Line): number {
  return line.reduce((sum, piece) => sum + width(piece.text), 0);
}

export function lineText(line: Line): string {
  return line.map((piece) => piece.text).join('');
}

/** The line in exactly the given cells: cut with a mark, or filled with blanks. */
export function fitLine(line: Line, cells: number, mark = '…'): Line {
  const out: Span[] = [];
  let left = cells;
  for (const piece of line) {
    const w = width(piece.text);
    if (w > left) {
      out.push({ ...piece, text: clip(piece.text, left, mark) });
      left = 0;
      break;
    }
    out.push(piece);
    left -= w;
  }
  const used = lineWidth(out);
  if (used < cells) out.push({ text: ' '.repeat(cells - used) });
  return out;
}

/** The line without its first cells: for scrolling sideways. */
export function skipLine(line: Line, cells: number): Line {
  let left = cells;
  const out: Span[] = [];
  for (const piece of line) {
    const w = width(piece.text);
    if (left >= w) {
      left -= w;
      continue;
    }
    out.push(left > 0 ? { ...piece, text: skip(piece.text, left) } : piece);
    left = 0;
  }
  return out;
}

/** A piece of a bar: what does not fit is left out, the least important first. */
export interface Item {
  readonly spans: Line;
  /** 1 stays longest. */
  readonly priority: number;
}

/** As many items as fit side by side, in their order; items of the lowest importance go first. */
export function fitItems(items: readonly Item[], cells: number, gap = 2): Line {
  const kept = [...items];
  const total = () =>
    kept.reduce((sum, item) => sum + lineWidth(item.spans), 0) + gap * Math.max(0, kept.length - 1);
  while (kept.length > 1 && total() > cells) {
    let least = kept.length - 1;
    for (let i = kept.length - 1; i >= 0; i--)
      if ((kept[i]?.priority ?? 0) > (kept[least]?.priority ?? 0)) least = i;
    kept.splice(least, 1);
  }
  return kept.flatMap((item, i) => (i === 0 ? item.spans : [span(' '.repeat(gap)), ...item.spans]));
}
