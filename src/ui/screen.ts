import { Writable } from 'node:stream';
import { withoutHistory } from './sgr.ts';

/** The part of a terminal's output stream that is needed here; `process.stdout` is one. */
export interface Terminal {
  readonly columns: number;
  readonly rows: number;
  write(text: string): boolean;
  on(event: 'resize', listener: () => void): unknown;
  off(event: 'resize', listener: () => void): unknown;
}

const BEGIN = '\u001b[?2026h';
const END = '\u001b[?2026l';
const ENTER = '\u001b[?1049h';
const LEAVE = '\u001b[?1049l';
const SHOW = '\u001b[?25h';
const HIDE = '\u001b[?25l';
const HOME = '\u001b[H';
const ERASE_LINE = '\u001b[K';
const NO_WRAP = '\u001b[?7l';
const WRAP = '\u001b[?7h';

/** What Ink writes before a frame that it draws anew from the top where the terminal has lost rows. */
const HOME_AND_ERASE = `${HOME}\u001b[J`;
/** Terminals read at least this many bytes before they paint: what is shorter needs no marks around it. */
const AT_ONCE = 512;
/** A new row begins at its first cell: the terminal's driver sees to that, and Ink does it once more. */
const NEW_ROW = '\n\u001b[1G';
/** Ink goes over rows that stay as they are one by one. */
const DOWN = /(?:\u001b\[E){2,}/g;
const downBy = (steps: string): string => `\u001b[${steps.length / 3}E`;
/** Private modes (keyboard, paste, cursor): they show nothing. */
const MODES = /^(?:\u001b\[[?<=>][0-9;]*[hlucmn])*$/;

/**
 * The terminal as Ink gets it. The screen is entered, and its first frame is there, before Ink is loaded, which then
 * draws over it. What Ink writes for one change, such as erasing before a frame of another width, reaches the terminal
 * as one synchronized update, and a whole frame erases what it does not cover as it goes, never the screen before it.
 *
 * A terminal of another size shows what nobody knows: it has cut or wrapped what was there, and perhaps what Ink wrote
 * before it heard of that. Then Ink forgets its frame and draws a whole one.
 */
export class Screen extends Writable {
  readonly isTTY = true;
  readonly #terminal: Terminal;
  readonly #onResize = () => this.#resized();
  /** Makes Ink forget what it has drawn; it writes what erases that from where it believes to be. */
  #forget: () => void = () => {};
  #out = '';
  /** It is written once all is there that belongs to it. */
  #waiting = false;
  /** On the alternate screen. */
  #active = false;
  /** What is there is not Ink's: the next frame is drawn over it, from the top. */
  #over = false;
  /** What is written is about a frame that is not there. */
  #deaf = false;

  constructor(terminal: Terminal) {
    super({ decodeStrings: false });
    this.#terminal = terminal;
    terminal.on('resize', this.#onResize);
  }

  get columns(): number {
    return this.#terminal.columns;
  }

  get rows(): number {
    return this.#terminal.rows;
  }

  /** Enters the alternate screen before Ink does, with a frame that Ink then takes over. */
  open(frame: string): void {
    this.#active = true;
    this.#over = true;
    this.#terminal.write(ENTER + HIDE + BEGIN + frame + END);
  }

  /** Another frame in the place of that one, while Ink is not there yet. */
  paint(frame: string): void {
    if (this.#over && this.#active) this.#terminal.write(BEGIN + frame + END);
  }

  /** Ink has taken over: how it is made to forget what it has drawn. */
  attach(forget: () => void): void {
    this.#forget = forget;
  }

  /** Leaves the alternate screen if that has not been done. */
  close(): void {
    if (this.#active) this.write(LEAVE + SHOW);
  }

  override _write(chunk: string | Buffer, _encoding: BufferEncoding, done: () => void): void {
    if (!this.#deaf) this.#take(chunk.toString());
    done();
  }

  #take(text: string): void {
    if (text === ENTER) this.#enter();
    else if (text.startsWith(HOME_AND_ERASE)) this.#draw(text.slice(HOME_AND_ERASE.length));
    else if (this.#over && this.#active && !MODES.test(text)) this.#draw(text);
    else this.#out += text;
    if (text.includes(LEAVE)) this.#active = false;
    // outside the process may be about to stop or to end
    if (this.#active) this.#flushSoon();
    else this.#flush();
  }

  /**
   * A whole frame, in the terminal's size whatever size Ink still believes in: one that is larger would scroll and wrap.
   * Terminals do not agree about erasing behind the last cell of a row: it is done before.
   */
  #draw(frame: string): void {
    this.#over = false;
    const rows = frame.split('\n').slice(0, this.rows);
    this.#out += HOME + NO_WRAP + rows.map((row) => ERASE_LINE + row).join('\n') + WRAP;
  }

  #resized(): void {
    this.#deaf = true;
    this.#forget();
    this.#deaf = false;
    this.#over = true;
    this.emit('resize');
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#terminal.off('resize', this.#onResize);
    this.#flush();
    done(error);
  }

  #enter(): void {
    if (!this.#active) this.#out += ENTER;
    this.#active = true;
    this.#over = true;
  }

  #flushSoon(): void {
    if (this.#waiting) return;
    this.#waiting = true;
    queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    this.#waiting = false;
    const marked = this.#out.replaceAll(NEW_ROW, '\n').replaceAll(DOWN, downBy);
    const out = withoutHistory(marked.replaceAll(BEGIN, '').replaceAll(END, ''));
    this.#out = '';
    if (out !== '') this.#terminal.write(this.#active && out.length > AT_ONCE ? BEGIN + out + END : out);
  }
}
