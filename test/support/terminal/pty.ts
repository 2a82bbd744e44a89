import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { type IPty, spawn as spawnPty } from '@lydell/node-pty';
import xterm from '@xterm/headless';

/** What a key sends. Characters stand for themselves. */
const KEYS: Readonly<Record<string, string>> = {
  enter: '\r',
  esc: '\u001b',
  tab: '\t',
  backtab: '\u001b[Z',
  space: ' ',
  backspace: '\u007f',
  up: '\u001b[A',
  down: '\u001b[B',
  right: '\u001b[C',
  left: '\u001b[D',
  home: '\u001b[H',
  end: '\u001b[F',
  pgup: '\u001b[5~',
  pgdn: '\u001b[6~',
};

/** How the program ended: by itself with a code, or by a signal. */
export interface PtyExit {
  readonly code: number;
  readonly signal: number;
}

/** A condition on the visible lines. */
export type Wanted = string | RegExp | ((screen: string[]) => boolean);

export interface PtyOptions {
  readonly cols: number;
  readonly rows: number;
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

const SLOW = 10_000;
const SCROLLBACK = 2_000;

/** A program in a terminal: what it writes is drawn by xterm, which also answers what the program asks. */
export class Pty {
  readonly pid: number;
  readonly exit: Promise<PtyExit>;
  /** What the program made of the window's title. */
  readonly titles: string[] = [];
  /** What was sent to the clipboard (OSC 52), decoded. */
  readonly clipboard: string[] = [];
  readonly #pty: IPty;
  readonly #term: xterm.Terminal;
  readonly #device: string;
  #modesAtEnd: string | undefined;
  #watching: NodeJS.Timeout | undefined;
  #output = '';
  #exited: PtyExit | undefined;
  readonly #changed = new Set<() => void>();

  constructor(program: string, args: readonly string[], { cols, rows, env, cwd }: PtyOptions) {
    this.#term = new xterm.Terminal({ cols, rows, scrollback: SCROLLBACK, allowProposedApi: true });
    this.#term.onTitleChange((title) => this.titles.push(title));
    this.#term.parser.registerOscHandler(52, (data) => {
      this.clipboard.push(Buffer.from(data.slice(data.indexOf(';') + 1), 'base64').toString('utf8'));
      return true;
    });
    this.#pty = spawnPty(program, [...args], {
      cols,
      rows,
      name: 'xterm-256color',
      env: { ...env },
      ...(cwd !== undefined && { cwd }),
    });
    this.pid = this.#pty.pid;
    this.#device = (this.#pty as unknown as { ptsName: string }).ptsName;
    this.#term.onData((answer) => this.#write(answer));
    this.#pty.onData((data) => {
      this.#output += data;
      this.#term.write(data, () => this.#tell());
    });
    const { promise, resolve } = Promise.withResolvers<PtyExit>();
    this.exit = promise;
    this.#pty.onExit(({ exitCode, signal = 0 }) => {
      // what was written last has to be drawn before anybody looks
      this.#term.write('', () => {
        this.#exited = { code: exitCode, signal };
        this.#tell();
        resolve(this.#exited);
      });
    });
  }

  /** The visible lines, without blanks at their ends. */
  screen(): string[] {
    const { active } = this.#term.buffer;
    return Array.from(
      { length: this.#term.rows },
      (_, y) =>
        active
          .getLine(active.viewportY + y)
          ?.translateToString(true, 0, this.#term.cols)
          .trimEnd() ?? '',
    );
  }

  /** The visible lines as one text, without empty ones at the end. */
  text(): string {
    return this.screen().join('\n').trimEnd();
  }

  /** Whether the first visible text of this kind is dimmed; undefined without it. */
  dimmed(text: string): boolean | undefined {
    const { active } = this.#term.buffer;
    const y = this.screen().findIndex((line) => line.includes(text));
    const line = active.getLine(active.viewportY + y);
    for (let x = 0; y >= 0 && x < this.#term.cols; x++)
      if (line?.translateToString(true, x).startsWith(text)) return line.getCell(x)?.isDim() !== 0;
    return undefined;
  }

  /** All lines of the normal screen, with those that have scrolled out. */
  history(): string[] {
    const { normal } = this.#term.buffer;
    return Array.from({ length: normal.length }, (_, y) => normal.getLine(y)?.translateToString(true) ?? '');
  }

  get alternate(): boolean {
    return this.#term.buffer.active.type === 'alternate';
  }

  get bracketedPaste(): boolean {
    return this.#term.modes.bracketedPasteMode;
  }

  /** Whether the program left the cursor visible. */
  get cursorShown(): boolean {
    return this.#output.lastIndexOf('\u001b[?25l') <= this.#output.lastIndexOf('\u001b[?25h');
  }

  /**
   * The terminal's line discipline as `stty -a` prints it, without its size. Once asked while the program runs, it
   * is also known after the program's end.
   */
  modes(): string {
    if (this.#modesAtEnd !== undefined) return this.#modesAtEnd;
    this.#watching ??= this.#readModesAtEnd();
    return this.#stty();
  }

  #stty(): string {
    const text = execFileSync('stty', ['-a', '-F', this.#device], { encoding: 'utf8' });
    return text.replace(/rows \d+; columns \d+;/, '');
  }

  /** The device is gone with the program unless somebody else has it open. */
  #readModesAtEnd(): NodeJS.Timeout {
    const held = openSync(this.#device, constants.O_RDONLY | constants.O_NOCTTY);
    const timer = setInterval(() => {
      if (alive(this.pid)) return;
      clearInterval(timer);
      this.#modesAtEnd = this.#stty();
      closeSync(held);
    }, 10);
    return timer;
  }

  /** The whole output so far, or since a mark. */
  bytes(since = 0): string {
    return this.#output.slice(since);
  }

  /** A place in the output, for {@link Pty.bytes}. */
  mark(): number {
    return this.#output.length;
  }

  /** Waits until the screen shows something; returns the screen. Fails with the screen in the message. */
  async waitFor(wanted: Wanted, { timeout = SLOW, what = String(wanted) } = {}): Promise<string[]> {
    const met = (): boolean => {
      if (typeof wanted === 'function') return wanted(this.screen());
      const text = this.text();
      return typeof wanted === 'string' ? text.includes(wanted) : wanted.test(text);
    };
    const { promise, resolve, reject } = Promise.withResolvers<string[]>();
    const complain = (why: string) =>
      reject(
        new Error(`${why} for ${what}. The screen:\n${this.text()}\n--- before it:\n${this.#normalTail()}`),
      );
    const look = () => {
      // half a frame is not what a person sees
      if (this.#term.modes.synchronizedOutputMode && !this.#exited) return;
      if (met()) resolve(this.screen());
      else if (this.#exited) complain(`The program ended (${JSON.stringify(this.#exited)}) while waiting`);
    };
    const timer = setTimeout(() => complain(`Waited ${timeout} ms in vain`), timeout);
    this.#changed.add(look);
    look();
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#changed.delete(look);
    }
  }

  /** Presses keys one after the other: names such as `enter`, `^C`, or characters. */
  press(...keys: string[]): void {
    for (const key of keys) this.#write(KEYS[key] ?? key.replace(/^\^([A-Z])$/, controlCharacter));
  }

  /** Types a text: what arrives fast arrives together. */
  type(text: string): void {
    this.#write(text);
  }

  /** Pastes as a terminal does: bracketed when the program has asked for that. */
  paste(text: string): void {
    this.#write(this.bracketedPaste ? `\u001b[200~${text}\u001b[201~` : text);
  }

  resize(cols: number, rows: number): void {
    this.#term.resize(cols, rows);
    this.#pty.resize(cols, rows);
  }

  /** Closes the terminal, as a window is closed or a connection breaks: writing to it fails from then on. */
  hangUp(): void {
    (this.#pty as unknown as { destroy(): void }).destroy();
  }

  kill(signal: NodeJS.Signals = 'SIGKILL'): void {
    if (this.#exited === undefined) process.kill(this.pid, signal);
  }

  #normalTail(): string {
    return this.alternate ? this.history().filter(Boolean).slice(-5).join('\n') : '';
  }

  #write(data: string): void {
    if (this.#exited === undefined) this.#pty.write(data);
  }

  #tell(): void {
    for (const look of [...this.#changed]) look();
  }
}

function alive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function controlCharacter(_: string, letter = ''): string {
  return String.fromCharCode(letter.charCodeAt(0) - 64);
}

/** Starts a program in a terminal of its own. */
export function spawn(program: string, args: readonly string[], options: PtyOptions): Pty {
  return new Pty(program, args, options);
}
