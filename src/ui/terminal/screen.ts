import { Writable } from 'node:stream';
import { difference } from './diff.ts';
import { Grid } from './grid.ts';

/** The part of a terminal's output stream that is needed here; `process.stdout` is one. */
export interface Terminal {
  readonly columns: number;
  readonly rows: number;
  write(text: string): boolean;
  on(event: 'resize', listener: () => void): unknown;
  off(event: 'resize', listener: () => void): unknown;
}

/** A control sequence, a string that a terminal swallows (title, clipboard), or another escape; else text. */
const TOKEN =
  /\u001b\[([0-?]*)([ -/]*[@-~])|\u001b[\]PX^_](?:[^\u0007\u001b]|\u001b(?!\\))*(?:\u0007|\u001b\\)|\u001b[ -/]*[0-OQ-WYZ\\`-~]|[^\u0000-\u001f\u007f]+|[\u0000-\u001a\u001c-\u001f\u007f]/y;

/** Sequences that neither move the cursor nor change a cell: private modes, keyboard protocols, strings, the bell. */
const HARMLESS = /^\u001b\[[?<=>][0-9;]*[hlucmn]$|^\u001b[\]PX^_]|^\u0007$/;
/** Terminals read at least this many bytes before they paint. */
const AT_ONCE = 512;

const BEGIN = '\u001b[?2026h';
const END = '\u001b[?2026l';
const ENTER = '\u001b[?1049h';
const LEAVE = '\u001b[?1049l';
const SHOW = '\u001b[?25h';
const HIDE = '\u001b[?25l';
const RESET = '\u001b[m';

/**
 * Stands between Ink and the terminal and lets through only what changes the screen.
 *
 * Ink writes whole frames, or at best a changed row from its first changed cell to its end. This keeps the screen that Ink believes in and the
 * one that the terminal shows, and writes the cells in which they differ: a counter that ticks costs ten bytes instead
 * of a hundred, and a frame that looks like the last one costs none. Active on the alternate screen only; outside of
 * it everything passes as it is. What it does not understand passes too, and the screen is painted anew.
 */
export class Screen extends Writable {
  readonly isTTY = true;
  readonly #terminal: Terminal;
  readonly #wanted: Grid;
  readonly #shown: Grid;
  readonly #onResize = () => this.#resize();
  /** An escape sequence whose end is still to come. */
  #rest = '';
  /** What has to be written beside the cells, in order with them. */
  #out = '';
  #active = false;
  /** Between the marks of one frame. */
  #inFrame = false;
  /** What {@link open} painted stays until Ink has written something in its place. */
  #held = false;
  /** Whether Ink wants the cursor seen, whether it is, and where it stands. */
  #cursorShown = true;
  #cursorVisible = true;
  #cursorAt = '';

  constructor(terminal: Terminal) {
    super({ decodeStrings: false });
    this.#terminal = terminal;
    this.#wanted = new Grid(terminal.columns, terminal.rows);
    this.#shown = new Grid(terminal.columns, terminal.rows);
    terminal.on('resize', this.#onResize);
  }

  get columns(): number {
    return this.#terminal.columns;
  }

  get rows(): number {
    return this.#terminal.rows;
  }

  /** Enters the alternate screen before Ink does, with cells that Ink then takes over. */
  open(frame: string): void {
    this.write(ENTER + HIDE + BEGIN + frame + END);
    this.#held = true;
  }

  /** Leaves the alternate screen if that has not been done. */
  close(): void {
    if (this.#active) this.write(LEAVE + SHOW);
  }

  override _write(chunk: string | Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#take(this.#rest + chunk.toString());
    if (!this.#inFrame) this.#flush();
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#terminal.off('resize', this.#onResize);
    done(error);
  }

  #take(text: string): void {
    this.#rest = '';
    TOKEN.lastIndex = 0;
    while (TOKEN.lastIndex < text.length) {
      const at = TOKEN.lastIndex;
      const match = TOKEN.exec(text);
      if (match === null) {
        this.#rest = text.slice(at);
        return;
      }
      this.#token(match[0], match[1], match[2]);
    }
  }

  #token(token: string, parameters: string | undefined, final: string | undefined): void {
    if (token === ENTER) this.#enter();
    else if (!this.#active) this.#through(token);
    else if (token === LEAVE) this.#leave();
    else if (token === BEGIN) this.#inFrame = true;
    else if (token === END) {
      this.#inFrame = false;
      this.#flush();
    } else if (token === SHOW || token === HIDE) this.#cursorShown = token === SHOW;
    else if (token === '\n') this.#wanted.newLine();
    else if (token === '\r') this.#wanted.moveTo(this.#wanted.row, 0);
    else if (final !== undefined && this.#wanted.control(parameters ?? '', final)) return;
    else if (/^[^\u0000-\u001f\u007f]/.test(token)) {
      this.#held = false;
      this.#wanted.print(token);
    } else this.#pass(token);
  }

  #through(token: string): void {
    this.#out += token;
    if (token === SHOW || token === HIDE) this.#cursorShown = this.#cursorVisible = token === SHOW;
  }

  /** Lets a sequence through between what was before it and what comes after. */
  #pass(token: string): void {
    this.#cells();
    this.#out += token;
    if (HARMLESS.test(token)) return;
    this.#out += RESET;
    this.#forget();
  }

  #enter(): void {
    if (this.#held) {
      this.#wanted.clear();
      return;
    }
    this.#cells();
    this.#out += ENTER;
    this.#active = true;
    this.#inFrame = false;
    this.#cursorAt = '';
    this.#wanted.clear();
    // some terminals show what was there when it was last left
    this.#forget();
  }

  #leave(): void {
    this.#cursor(this.#cells());
    this.#out += LEAVE;
    this.#active = false;
    this.#inFrame = false;
    this.#held = false;
  }

  /** Nothing is known of what the terminal shows: every cell is written again. */
  #forget(): void {
    this.#shown.texts.fill('\u0000');
    this.#wanted.touchAll();
  }

  #resize(): void {
    const { columns, rows } = this.#terminal;
    this.#wanted.resize(columns, rows);
    this.#shown.resize(columns, rows);
    this.#forget();
    // Ink hears of it after the grid has the new size
    this.emit('resize');
  }

  /** Writes the cells that differ; true when there were any. */
  #cells(): boolean {
    const cells = this.#active && !this.#held ? difference(this.#shown, this.#wanted) : '';
    this.#out += cells;
    return cells !== '';
  }

  /** The terminal's cursor where Ink wants it; where it stands does not matter while it is hidden. */
  #cursor(moved: boolean): void {
    const { row, column, columns } = this.#wanted;
    const place = `\u001b[${row + 1};${Math.min(column, columns - 1) + 1}H`;
    if (this.#cursorShown && (moved || place !== this.#cursorAt)) this.#out += place;
    this.#cursorAt = place;
    if (this.#cursorShown !== this.#cursorVisible) this.#out += this.#cursorShown ? SHOW : HIDE;
    this.#cursorVisible = this.#cursorShown;
  }

  #flush(): void {
    if (this.#active) {
      const before = this.#out;
      this.#out = '';
      const changed = this.#cells();
      this.#cursor(changed);
      // what is written in one go needs no marks
      this.#out = before + (this.#out.length > AT_ONCE ? BEGIN + this.#out + END : this.#out);
    }
    if (this.#out === '') return;
    this.#terminal.write(this.#out);
    this.#out = '';
  }
}
