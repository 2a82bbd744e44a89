import type { Writable } from 'node:stream';
import { render } from 'ink';
import { Deck, type Ports } from '../app/deck.ts';
import { exitReport } from '../app/report.ts';
import { watchOptions } from '../app/watch.ts';
import { home } from '../config/libpq/env.ts';
import type { Resolved } from '../config/profile.ts';
import type { Settings } from '../config/settings.ts';
import type { DbError } from '../db/errors.ts';
import { Sampler } from '../monitor/sampler.ts';
import { journalDirectory } from '../ops/journal.ts';
import { App, type Bridge } from './App.tsx';
import { osc52 } from './clipboard.ts';
import { boundYoungSpace } from './memory.ts';
import { Screen } from './terminal/screen.ts';
import { painter } from './theme.ts';

export interface ConsoleOptions {
  readonly resolved: Resolved;
  readonly settings: Settings;
  readonly ascii: boolean;
  readonly color: boolean;
  /** Seconds between two samples. */
  readonly interval?: number;
  /** Where the connection asks for a password; the console puts its own question there. */
  readonly prompt?: { ask?: ((question: string) => Promise<string | undefined>) | undefined };
}

/** Failures that a first attempt to connect does not outlive: waiting would not mend them. */
const PATIENT: readonly DbError['kind'][] = ['starting'];

/**
 * Opens the console; resolves with the exit code when it was left. Throws {@link DbError} when the first connection
 * cannot be made.
 */
export async function startConsole(options: ConsoleOptions): Promise<number> {
  const { resolved } = options;
  const sampler = new Sampler(watchOptions(resolved, options.interval));
  const bridge: Bridge = {};
  let failure: DbError | undefined;
  let code = 0;
  let leave = () => {};
  const ports: Ports = {
    copy: (text) => process.stdout.write(osc52(text, process.env)),
    exit: () => leave(),
    suspend: () => bridge.suspend?.(),
    wallClock: () => Date.now(),
  };
  const { columns, rows } = process.stdout;
  const journal = journalDirectory(process.env, home(process.env));
  const deck = new Deck({ sampler, resolved, ports, size: { columns, rows }, ascii: options.ascii, journal });
  if (options.prompt) options.prompt.ask = (question) => deck.askPassword(question);

  const screen = new Screen(process.stdout);
  const ink = render(<App deck={deck} paint={painter(options.color)} bridge={bridge} />, {
    // all that Ink uses of a terminal's stream
    stdout: screen as Writable as NodeJS.WriteStream,
    alternateScreen: true,
    // the screen finds out what has changed
    incrementalRendering: false,
    exitOnCtrlC: false,
    patchConsole: false,
    maxFps: 60,
    // Ink turns itself off where CI is set in the environment; that there is a terminal was checked before
    interactive: true,
  });
  leave = () => ink.unmount();
  let connected = false;
  let bounded = false;
  sampler.onEvent((event) => {
    if (event === 'data' && !bounded) bounded = boundYoungSpace();
    connected ||= sampler.link.state === 'connected';
    const { link } = sampler;
    if (connected || link.state !== 'away' || PATIENT.includes(link.error.kind)) return;
    failure = link.error;
    leave();
  });
  const signals = (['SIGTERM', 'SIGHUP', 'SIGINT'] as const).map((name) => {
    const listener = () => {
      code = 128 + { SIGTERM: 15, SIGHUP: 1, SIGINT: 2 }[name];
      leave();
    };
    process.on(name, listener);
    return { name, listener };
  });
  deck.start();
  try {
    await ink.waitUntilExit();
  } finally {
    await deck.stop();
    screen.destroy();
    for (const { name, listener } of signals) process.off(name, listener);
  }
  if (failure) throw failure;
  const report = exitReport(deck);
  if (report !== '') process.stdout.write(report);
  return code;
}
