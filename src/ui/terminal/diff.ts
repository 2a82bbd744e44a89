import { CONTINUED, type Grid } from './grid.ts';
import { PLAIN, transition } from './style.ts';

/** Unchanged cells up to this many are written again where moving over them takes more bytes. */
const BRIDGE = 3;
/** Blanks to the end of the row from which erasing takes fewer bytes than writing them. */
const TAIL = 4;

/**
 * What has to be written so that a terminal that shows `shown` shows `wanted`; `shown` is then equal to it. The cursor
 * may stand anywhere, and the terminal's style is plain before and after.
 */
export function difference(shown: Grid, wanted: Grid): string {
  const out = new Writer();
  for (const row of [...wanted.touched].sort((a, b) => a - b)) writeRow(out, row, shown, wanted);
  wanted.touched.clear();
  return out.end();
}

class Writer {
  text = '';
  style = PLAIN;
  row = -1;
  /** -1: after a character whose width terminals do not agree about. */
  column = -1;

  moveTo(row: number, column: number): void {
    if (row === this.row && column === this.column) return;
    const forward = row === this.row && this.column >= 0 ? column - this.column : 0;
    if (forward === 1) this.text += '\u001b[C';
    else if (forward > 1) this.text += `\u001b[${forward}C`;
    else this.text += column === 0 ? `\u001b[${row + 1}H` : `\u001b[${row + 1};${column + 1}H`;
    this.row = row;
    this.column = column;
  }

  write(character: string, cells: number, style: string): void {
    this.text += transition(this.style, style) + character;
    this.style = style;
    this.column = character.length === 1 ? this.column + cells : -1;
  }

  eraseToEnd(): void {
    this.text += `${transition(this.style, PLAIN)}\u001b[K`;
    this.style = PLAIN;
  }

  end(): string {
    return this.text + transition(this.style, PLAIN);
  }
}

function writeRow(out: Writer, row: number, shown: Grid, wanted: Grid): void {
  const { columns } = wanted;
  const at = row * columns;
  const same = (i: number) =>
    shown.texts[at + i] === wanted.texts[at + i] && shown.styles[at + i] === wanted.styles[at + i];
  let last = columns - 1;
  while (last >= 0 && same(last)) last--;
  if (last < 0) return;
  // where the blank end of the row begins
  let blank = columns;
  while (blank > 0 && wanted.texts[at + blank - 1] === ' ' && wanted.styles[at + blank - 1] === PLAIN)
    blank--;
  const eraseFrom = last - blank >= TAIL - 1 ? blank : columns;
  let bridge = 0;
  for (let i = 0; i <= last && i < eraseFrom; ) {
    const text = wanted.texts[at + i] ?? ' ';
    const cells = wanted.texts[at + i + 1] === CONTINUED && i + 1 < columns ? 2 : 1;
    if (same(i) && (cells === 1 || same(i + 1))) {
      bridge = cells === 1 && text.length === 1 ? bridge + 1 : BRIDGE + 1;
      i += cells;
      continue;
    }
    const style = wanted.styles[at + i] ?? PLAIN;
    if (bridge > 0 && bridge <= BRIDGE && out.row === row && out.column === i - bridge)
      for (let b = i - bridge; b < i && wanted.styles[at + b] === out.style; b++)
        out.write(wanted.texts[at + b] ?? ' ', 1, out.style);
    bridge = 0;
    out.moveTo(row, i);
    out.write(text, cells, style);
    i += cells;
  }
  if (eraseFrom <= last) {
    // the first of the blanks that is not one already
    let from = eraseFrom;
    while (from < last && same(from)) from++;
    out.moveTo(row, from);
    out.eraseToEnd();
  }
  for (let i = at; i < at + columns; i++) {
    shown.texts[i] = wanted.texts[i] ?? ' ';
    shown.styles[i] = wanted.styles[i] ?? PLAIN;
  }
}
