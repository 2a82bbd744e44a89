import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type IPty, spawn } from '@lydell/node-pty';
import type { Browser, Page } from 'playwright-core';
import { FONT, THEME } from './look.ts';
import { type Picture, pngFile } from './png.ts';

const require = createRequire(import.meta.url);
/** Pixels of the picture per pixel of the page: sharp on any display. */
const DENSITY = 2;

interface Screen {
  readonly lines: string[];
  /** The program is in the middle of a frame. */
  readonly drawing: boolean;
}

export interface Size {
  readonly cols: number;
  readonly rows: number;
}

export interface Program extends Size {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Record<string, string>;
  readonly cwd: string;
}

/** A condition on the visible lines. */
export type Wanted = (lines: readonly string[]) => boolean;

/** A program in a terminal that is drawn by xterm.js in a browser's page. */
export class Terminal {
  readonly #page: Page;
  readonly #pty: IPty;
  #pending = '';
  #pumping: Promise<void> = Promise.resolve();
  #screen: Screen = { lines: [], drawing: false };
  #ended = false;
  #failure: Error | undefined;
  #changed = Promise.withResolvers<void>();

  private constructor(page: Page, pty: IPty) {
    this.#page = page;
    this.#pty = pty;
    pty.onData((data) => {
      this.#pending += data;
      this.#pump();
    });
    pty.onExit(() => {
      this.#ended = true;
      this.#tell();
    });
  }

  static async open(browser: Browser, { command, args, cols, rows, env, cwd }: Program): Promise<Terminal> {
    const page = await browser.newPage({
      deviceScaleFactor: DENSITY,
      viewport: { width: 1400, height: 1000 },
    });
    await page.setContent(pageText());
    await page.addScriptTag({ content: readFileSync(require.resolve('@xterm/xterm/lib/xterm.js'), 'utf8') });
    await page.addScriptTag({ content: readFileSync(new URL('page.js', import.meta.url), 'utf8') });
    let pty: IPty | undefined;
    await page.exposeFunction('answer', (data: string) => pty?.write(data));
    await page.evaluate(call('openTerminal', { cols, rows, theme: THEME, ...FONT }));
    pty = spawn(command, [...args], { cols, rows, env, cwd, name: 'xterm-256color' });
    return new Terminal(page, pty);
  }

  /** What it shows. */
  get text(): string {
    return this.#screen.lines.join('\n');
  }

  /** Types keys: characters, or the sequences that a terminal sends. */
  type(keys: string): void {
    this.#pty.write(keys);
  }

  /** Other colours and another ground for the same screen. */
  async paint(theme: Readonly<Record<string, string>> = THEME): Promise<void> {
    await this.#page.evaluate(call('paintTerminal', theme));
  }

  async resize({ cols, rows }: Size): Promise<void> {
    await this.#page.evaluate(call('resizeTerminal', cols, rows));
    this.#pty.resize(cols, rows);
  }

  /** Waits until the screen shows something. Throws with the screen in the message when it does not come to that. */
  async until(what: string, wanted: Wanted, seconds = 60): Promise<void> {
    const late = this.#after(seconds);
    while (!this.#shows(wanted)) {
      if (this.#failure) throw this.#failure;
      if (this.#ended || late.aborted) {
        const why = this.#ended ? 'The program ended before' : `Waited ${seconds} s in vain for`;
        throw new Error(`${why}: ${what}. The screen:\n${this.#screen.lines.join('\n')}`);
      }
      await this.#changed.promise;
    }
  }

  /** A picture (PNG) of the screen as soon as it shows what is wanted; what comes meanwhile is drawn after it. */
  async picture(what: string, wanted: Wanted, seconds?: number): Promise<Buffer> {
    for (;;) {
      await this.until(what, wanted, seconds);
      const { promise: taken, resolve: goOn } = Promise.withResolvers<void>();
      const before = this.#pumping;
      this.#pumping = before.then(() => taken);
      await before;
      try {
        // the frames that were still under way may have changed that
        if (!this.#shows(wanted)) continue;
        await this.#page.evaluate(call('painted'));
        const shot = await this.#page.locator('#terminal').screenshot();
        return pngFile(await this.#page.evaluate<Picture>(call('reduced', shot.toString('base64'))));
      } finally {
        goOn();
      }
    }
  }

  /** Ends the program and waits until it is gone; false when that took longer than the given seconds. */
  async end(seconds: number): Promise<boolean> {
    if (!this.#ended) this.#pty.kill('SIGTERM');
    const late = this.#after(seconds);
    while (!this.#ended && !late.aborted) await this.#changed.promise;
    if (!this.#ended) this.#pty.kill('SIGKILL');
    return this.#ended;
  }

  /** Ends the program at once, and closes the page. */
  async close(): Promise<void> {
    await this.end(1);
    await this.#page.close();
  }

  #shows(wanted: Wanted): boolean {
    return !this.#screen.drawing && wanted(this.#screen.lines);
  }

  #after(seconds: number): AbortSignal {
    const late = AbortSignal.timeout(seconds * 1000);
    late.addEventListener('abort', () => this.#tell());
    return late;
  }

  #pump(): void {
    this.#pumping = this.#pumping.then(async () => {
      if (this.#pending === '') return;
      const data = this.#pending;
      this.#pending = '';
      try {
        this.#screen = await this.#page.evaluate<Screen>(call('draw', data));
      } catch (error) {
        this.#failure = error as Error;
      }
      this.#tell();
    });
  }

  #tell(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}

/** A call of one of page.js's functions. */
function call(name: string, ...args: readonly unknown[]): string {
  return `${name}(${args.map((arg) => JSON.stringify(arg)).join(', ')})`;
}

function pageText(): string {
  const css = readFileSync(require.resolve('@xterm/xterm/css/xterm.css'), 'utf8');
  return `<!doctype html><meta charset="utf-8"><style>${css}
    body { margin: 0; background: ${THEME.background} }
    #terminal { display: inline-block; padding: 10px 12px; background: ${THEME.background} }
    .xterm-viewport, .scrollbar { display: none }
    .xterm-screen { overflow: hidden }
  </style><div id="terminal"></div>`;
}
