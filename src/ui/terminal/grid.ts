import { isSimple } from '../../text/simple.ts';
import { characters, width } from '../../text/width.ts';
import { applySgr, erased, PLAIN, type Style } from './style.ts';

/** What stands in the second cell of a wide character. */
export const CONTINUED = '';

/** The cells of a terminal, changed as a terminal changes them. Rows and columns count from 0. */
export class Grid {
  columns: number;
  rows: number;
  /** The character of each cell, row by row; {@link CONTINUED} right of a wide one. */
  texts: string[];
  styles: Style[];
  /** Rows that may have changed since the caller last emptied it. */
  readonly touched = new Set<number>();
  row = 0;
  /** Equal to `columns` while the last cell has been written: the next character goes to the next row. */
  column = 0;
  style: Style = PLAIN;

  constructor(columns: number, rows: number) {
    this.columns = columns;
    this.rows = rows;
    this.texts = new Array<string>(columns * rows).fill(' ');
    this.styles = new Array<Style>(columns * rows).fill(PLAIN);
  }

  /** Empties it, cursor at the top left. */
  clear(): void {
    this.texts.fill(' ');
    this.styles.fill(PLAIN);
    this.row = 0;
    this.column = 0;
    this.style = PLAIN;
    this.touchAll();
  }

  touchAll(): void {
    for (let row = 0; row < this.rows; row++) this.touched.add(row);
  }

  /** Another size: the rows that hold the cursor stay, what is right of the edge is lost. */
  resize(columns: number, rows: number): void {
    const before = { columns: this.columns, rows: this.rows, texts: this.texts, styles: this.styles };
    const up = Math.max(0, this.row - (rows - 1));
    this.columns = columns;
    this.rows = rows;
    this.texts = new Array<string>(columns * rows).fill(' ');
    this.styles = new Array<Style>(columns * rows).fill(PLAIN);
    for (let row = 0; row < Math.min(rows, before.rows - up); row++)
      for (let column = 0; column < Math.min(columns, before.columns); column++) {
        const from = (row + up) * before.columns + column;
        this.texts[row * columns + column] = before.texts[from] ?? ' ';
        this.styles[row * columns + column] = before.styles[from] ?? PLAIN;
      }
    this.row -= up;
    this.column = Math.min(this.column, columns);
    this.touchAll();
  }

  /** Printable characters at the cursor. */
  print(text: string): void {
    if (isSimple(text)) {
      for (let i = 0; i < text.length; i++) this.#put(text[i] ?? ' ', 1);
      return;
    }
    for (const character of characters(text)) this.#put(character, width(character));
  }

  #put(character: string, cells: number): void {
    if (cells === 0) {
      this.#combine(character);
      return;
    }
    if (this.column + cells > this.columns) this.newLine();
    const at = this.row * this.columns + this.column;
    this.#splitWide(at);
    this.#splitWide(at + cells);
    this.texts[at] = character;
    this.styles[at] = this.style;
    for (let i = 1; i < cells; i++) {
      this.texts[at + i] = CONTINUED;
      this.styles[at + i] = this.style;
    }
    this.touched.add(this.row);
    this.column += cells;
  }

  /** A mark without a cell of its own joins the character before it. */
  #combine(mark: string): void {
    if (this.column === 0) return;
    let at = this.row * this.columns + this.column - 1;
    if (this.texts[at] === CONTINUED) at--;
    this.texts[at] += mark;
    this.touched.add(this.row);
  }

  /** A wide character of which one half is overwritten leaves a blank. */
  #splitWide(at: number): void {
    if (this.texts[at] !== CONTINUED || at % this.columns === 0) return;
    this.texts[at] = ' ';
    if (this.texts[at - 1] !== CONTINUED) this.texts[at - 1] = ' ';
  }

  /** To the beginning of the next row; at the last one everything moves up. */
  newLine(): void {
    this.column = 0;
    if (this.row < this.rows - 1) {
      this.row++;
      return;
    }
    this.texts.splice(0, this.columns);
    this.styles.splice(0, this.columns);
    for (let i = 0; i < this.columns; i++) {
      this.texts.push(' ');
      this.styles.push(erased(this.style));
    }
    this.touchAll();
  }

  /** Cells of one row, from a column up to but without another. */
  erase(row: number, from: number, to: number): void {
    if (from >= to) return;
    const look = erased(this.style);
    const at = row * this.columns;
    this.#splitWide(at + from);
    if (to < this.columns) this.#splitWide(at + to);
    this.texts.fill(' ', at + from, at + to);
    this.styles.fill(look, at + from, at + to);
    this.touched.add(row);
  }

  moveTo(row: number, column: number): void {
    this.row = Math.min(Math.max(0, row), this.rows - 1);
    this.column = Math.min(Math.max(0, column), this.columns - 1);
  }

  /** Moves or erases as a control sequence says (parameters and final letter); false when it is not known here. */
  control(parameters: string, final: string): boolean {
    if (final === 'm') {
      const style = applySgr(this.style, parameters);
      if (style !== undefined) this.style = style;
      return style !== undefined;
    }
    if (!/^[\d;]*$/.test(parameters)) return false;
    const [first = 0, second = 0] = parameters.split(';').map(Number);
    const n = Math.max(1, first);
    const column = Math.min(this.column, this.columns - 1);
    switch (final) {
      case 'A':
        this.moveTo(this.row - n, column);
        return true;
      case 'B':
        this.moveTo(this.row + n, column);
        return true;
      case 'C':
        this.moveTo(this.row, column + n);
        return true;
      case 'D':
        this.moveTo(this.row, column - n);
        return true;
      case 'E':
        this.moveTo(this.row + n, 0);
        return true;
      case 'F':
        this.moveTo(this.row - n, 0);
        return true;
      case 'G':
        this.moveTo(this.row, n - 1);
        return true;
      case 'H':
        this.moveTo(n - 1, Math.max(1, second) - 1);
        return true;
      case 'J':
        return this.#eraseDisplay(first, column);
      case 'K':
        return this.#eraseLine(first, column);
      default:
        return false;
    }
  }

  #eraseLine(what: number, column: number): boolean {
    if (what > 2) return false;
    this.erase(this.row, what === 0 ? column : 0, what === 1 ? column + 1 : this.columns);
    return true;
  }

  #eraseDisplay(what: number, column: number): boolean {
    if (what > 2) return false;
    this.erase(this.row, what === 0 ? column : 0, what === 1 ? column + 1 : this.columns);
    for (let row = 0; row < this.rows; row++)
      if (what === 2 || (what === 0 ? row > this.row : row < this.row)) this.erase(row, 0, this.columns);
    return true;
  }
}
