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
  /** Under the cursor: set off from the rows around it, in the colour of its tone. */
  readonly chosen?: boolean;
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
  /** It belongs to the one before it: one blank lies between them. */
  readonly close?: boolean;
}

/** As many items as fit side by side, in their order; items of the lowest importance go first. */
export function fitItems(items: readonly Item[], cells: number, gap = 2): Line {
  return besides(keepItems(items, cells, gap), gap);
}

/** Items at the left and at the right of a bar, which give way to each other by their importance. */
export function fitEnds(left: readonly Item[], right: readonly Item[], cells: number, gap = 2): Line {
  const kept = new Set(keepItems([...left, ...right], cells, gap));
  const [head, tail] = [left, right].map((items) =>
    besides(
      items.filter((item) => kept.has(item)),
      gap,
    ),
  ) as [Line, Line];
  if (tail.length === 0) return head;
  return [...head, span(' '.repeat(Math.max(0, cells - lineWidth(head) - lineWidth(tail)))), ...tail];
}

const between = ({ close }: Item, gap: number) => (close ? 1 : gap);

function besides(items: readonly Item[], gap: number): Line {
  return items.flatMap((item, i) =>
    i === 0 ? item.spans : [span(' '.repeat(between(item, gap))), ...item.spans],
  );
}

function keepItems(items: readonly Item[], cells: number, gap: number): Item[] {
  const kept = [...items];
  const total = () =>
    kept.reduce((sum, item, i) => sum + lineWidth(item.spans) + (i === 0 ? 0 : between(item, gap)), 0);
  while (kept.length > 1 && total() > cells) {
    let least = kept.length - 1;
    for (let i = kept.length - 1; i >= 0; i--)
      if ((kept[i]?.priority ?? 0) > (kept[least]?.priority ?? 0)) least = i;
    kept.splice(least, 1);
  }
  return kept;
}
