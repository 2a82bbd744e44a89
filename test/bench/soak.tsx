import { EventEmitter } from 'node:events';
import { PassThrough, type Writable } from 'node:stream';
import { render } from 'ink';
import { Console } from '../../src/app/console.ts';
import { watchOptions } from '../../src/app/watch.ts';
import { resolve } from '../../src/config/profile.ts';
import { NO_SETTINGS } from '../../src/config/settings.ts';
import { boundYoungSpace } from '../../src/hosts/young-space.ts';
import type { Clock } from '../../src/monitor/clock.ts';
import { Sampler } from '../../src/monitor/sampler.ts';
import { App } from '../../src/ui/App.tsx';
import { Screen } from '../../src/ui/screen.ts';
import { painter } from '../../src/ui/theme.ts';
import { simulated } from './simulated.ts';

/*
 * An hour of the console in a minute: every tick asks the server and draws, only the clock is not real. Takes a
 * connection string and the ticks after which to look; prints what memory is left after a collection, as JSON.
 */

const [url = '', ...looks] = process.argv.slice(2);
const SCREENS = ['1', '2', '3', '4', '5', '6', '7', '8', '1', '?', 'esc', 'enter', 'esc', 'down', '/', 'esc'];
/** Ticks between two keys. */
const KEY_EVERY = 20;

class Nowhere extends EventEmitter {
  readonly columns = 120;
  readonly rows = 40;
  bytes = 0;
  write(text: string): boolean {
    this.bytes += text.length;
    return true;
  }
}

class Simulated implements Clock {
  #now = 0;
  #timers = new Set<{ at: number; call: () => void }>();
  now(): number {
    return this.#now;
  }
  after(ms: number, call: () => void): () => void {
    const timer = { at: this.#now + ms, call };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }
  advance(ms: number): void {
    this.#now += ms;
    for (const timer of [...this.#timers].filter((t) => t.at <= this.#now)) {
      this.#timers.delete(timer);
      timer.call();
    }
  }
}

const clock = new Simulated();

const resolved = resolve({ url }, process.env, NO_SETTINGS, {});
const options = watchOptions(resolved, 1);
const sampler = new Sampler({
  ...options,
  clock,
  connect: async (purpose) => simulated(await options.connect(purpose), () => clock.now()),
});
const deck = new Console({
  sampler,
  resolved,
  size: { columns: 120, rows: 40 },
  ports: { copy: () => {}, exit: () => {}, suspend: () => {}, wallClock: () => clock.now() },
});
const nowhere = new Nowhere();
const ink = render(<App deck={deck} paint={painter('default')} />, {
  stdout: new Screen(nowhere) as Writable as NodeJS.WriteStream,
  alternateScreen: true,
  incrementalRendering: true,
  // a keyboard that nobody touches
  stdin: Object.assign(new PassThrough(), {
    isTTY: true,
    setRawMode: () => {},
    ref: () => {},
    unref: () => {},
  }) as unknown as NodeJS.ReadStream,
  exitOnCtrlC: false,
  patchConsole: false,
  interactive: true,
});

/** Resolves when the last question of the fast session has been answered. */
function answered(): Promise<void> {
  return new Promise((done) => {
    const look = () => {
      if (sampler.link.state !== 'connected' || sampler.stalledFor !== undefined) return;
      off();
      done();
    };
    const off = sampler.onEvent(look);
    look();
  });
}

const memory: { tick: number; heap: number; rss: number }[] = [];
sampler.onEvent((event) => {
  if (event === 'data') boundYoungSpace();
});
deck.start();
await answered();
for (let tick = 1; tick <= Math.max(...looks.map(Number)); tick++) {
  if (tick % KEY_EVERY === 0) deck.key(SCREENS[(tick / KEY_EVERY) % SCREENS.length] ?? '1');
  clock.advance(1000);
  await answered();
  await ink.waitUntilRenderFlush();
  if (!looks.includes(String(tick))) continue;
  for (let i = 0; i < 3; i++) globalThis.gc?.();
  memory.push({ tick, heap: process.memoryUsage().heapUsed / 1e6, rss: process.memoryUsage.rss() / 1e6 });
}
// some thousand frames have been drawn
if (nowhere.bytes < 100_000) throw new Error('nothing was drawn');
ink.unmount();
await deck.stop();
process.stdout.write(`${JSON.stringify({ memory, bytes: nowhere.bytes })}\n`);
process.exit(0);
