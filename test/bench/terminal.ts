import { type IPty, spawn } from '@lydell/node-pty';
import headless from '@xterm/headless';
import { cpuMs, rssMb } from './process.ts';

const COLUMNS = 120;
const ROWS = 40;
const TIMEOUT_MS = 10_000;
const QUIT_MS = 3_000;

/** A program in a terminal: what it writes, when it is readable, what it costs. */
export class Program {
  readonly pid: number;
  readonly #pty: IPty;
  readonly #terminal = new headless.Terminal({
    cols: COLUMNS,
    rows: ROWS,
    allowProposedApi: true,
    scrollback: 0,
  });
  readonly #started: number;
  readonly #exited: Promise<void>;
  #bytes = 0;
  #running = true;
  #watch: (arrived: number) => void = () => {};

  constructor(file: string, args: readonly string[], env: Readonly<Record<string, string>>) {
    this.#started = performance.now();
    // without an encoding the bytes come as they are, and can be counted
    this.#pty = spawn(file, [...args], {
      cols: COLUMNS,
      rows: ROWS,
      name: 'xterm-256color',
      env,
      encoding: null,
    });
    this.pid = this.#pty.pid;
    this.#pty.onData((data) => {
      const arrived = performance.now();
      const bytes = data as unknown as Buffer;
      this.#bytes += bytes.length;
      this.#terminal.write(bytes, () => this.#watch(arrived));
    });
    // answers to what programs ask their terminal
    this.#terminal.onData((answer) => this.#running && this.#pty.write(answer));
    this.#exited = new Promise((resolve) => {
      this.#pty.onExit(() => {
        this.#running = false;
        resolve();
      });
    });
  }

  get screen(): string {
    const { active } = this.#terminal.buffer;
    return Array.from({ length: ROWS }, (_, y) => active.getLine(y)?.translateToString(true) ?? '').join(
      '\n',
    );
  }

  /** Milliseconds from the start, or from a key, until the screen shows it: when the bytes came, not when they were read. */
  shows(pattern: RegExp, since = this.#started): Promise<number> {
    return new Promise((resolve, reject) => {
      const done = (outcome: () => void) => {
        clearTimeout(timer);
        this.#watch = () => {};
        outcome();
      };
      const timer = setTimeout(
        () => done(() => reject(new Error(`The screen never showed ${pattern}:\n${this.screen}`))),
        TIMEOUT_MS,
      );
      const look = (arrived: number) => {
        if (pattern.test(this.screen)) done(() => resolve(arrived - since));
      };
      this.#watch = look;
      look(performance.now());
    });
  }

  /** Presses a key; milliseconds until the screen shows what it leads to. */
  press(key: string, pattern: RegExp): Promise<number> {
    const pressed = performance.now();
    const shown = this.shows(pattern, pressed);
    this.#pty.write(key);
    return shown;
  }

  /** What it has used so far. */
  get usage(): { bytes: number; cpu: number; rss: number } {
    return { bytes: this.#bytes, cpu: cpuMs(this.pid), rss: rssMb(this.pid) };
  }

  /** Ends it as a person would, or by force. */
  async quit(): Promise<void> {
    if (this.#running) this.#pty.write('q');
    const force = setTimeout(() => this.#running && process.kill(this.pid, 'SIGKILL'), QUIT_MS);
    await this.#exited;
    clearTimeout(force);
    this.#terminal.dispose();
  }
}
