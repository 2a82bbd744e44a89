import { setTimeout as delay } from 'node:timers/promises';
import { ACTIONS } from '../app/actions/registry.ts';
import { Console } from '../app/console.ts';
import type { Ports } from '../app/core/deck.ts';
import { bindKeys } from '../app/keys/bind.ts';
import { tellFaults } from '../app/keys/told.ts';
import { leavingNotice } from '../app/report.ts';
import { Seat } from '../app/seat.ts';
import { ServerChoices } from '../app/servers/choices.ts';
import { watchOptions } from '../app/watch.ts';
import { type Env, home } from '../config/libpq/env.ts';
import type { ConnectionFlags, Resolved } from '../config/profile.ts';
import type { Settings } from '../config/settings.ts';
import { settingsFault } from '../config/store.ts';
import type { DbError } from '../db/errors.ts';
import { boundYoungSpace } from '../hosts/young-space.ts';
import { Sampler } from '../monitor/sampler.ts';
import { journalDirectory } from '../ops/engine/journal/runs.ts';
import type { Bridge } from './App.tsx';
import { osc52 } from './clipboard.ts';
import { firstFrame } from './first-frame.ts';
import { onTerminalLost } from './lost.ts';
import { Screen } from './screen.ts';
import { painter, themeOf } from './theme.ts';

export interface ConsoleOptions {
  readonly resolved: Resolved;
  readonly settings: Settings;
  /** Where the settings stand. */
  readonly file: string;
  /** What was said on the command line and holds for every server that is changed to. */
  readonly flags: Pick<ConnectionFlags, 'config' | 'readOnly' | 'interval'>;
  readonly ascii: boolean;
  readonly color: boolean;
  /** The environment that operations run in. */
  readonly env?: Env;
  /** Seconds between two samples. */
  readonly interval?: number;
  /** Where the connection asks for a password; the console puts its own question there. */
  readonly prompt?: { ask?: ((question: string) => Promise<string | undefined>) | undefined };
}

/** A server of this network answers within so many milliseconds; Ink is not kept waiting for longer. */
const NEAR_MS = 150;

/** Answers between two looks at the space for short-lived objects. */
const BOUNDED_EVERY = 10;

/** Failures that a first attempt to connect does not outlive: waiting would not mend them. */
const PATIENT: readonly DbError['kind'][] = ['starting'];

/**
 * Opens the console; resolves with the exit code when it was left. Throws {@link DbError} when the first connection
 * cannot be made.
 */
export async function startConsole(options: ConsoleOptions): Promise<number> {
  const { resolved, env = process.env } = options;
  const bridge: Bridge = {};
  let failure: DbError | undefined;
  let code = 0;
  let left = false;
  const gone = Promise.withResolvers<undefined>();
  let mounted = false;
  let unmount = () => {};
  const leave = () => {
    left = true;
    gone.resolve(undefined);
    unmount();
  };
  const ports: Ports = {
    copy: (text) => process.stdout.write(osc52(text, process.env)),
    exit: leave,
    suspend: () => bridge.suspend?.(),
    wallClock: () => Date.now(),
  };
  const { columns, rows } = process.stdout;
  const journal = journalDirectory(env, home(env));
  const size = { columns, rows };
  const { actions, faults } = bindKeys(ACTIONS, options.settings.keys);
  const ask = (question: string) => seat.console.askPassword(question);
  const seat: Seat = new Seat({
    resolved,
    choices: new ServerChoices({ given: resolved, flags: options.flags, env, ask }),
    console: (of, servers) =>
      new Console({
        sampler: new Sampler(watchOptions(of, options.interval)),
        resolved: of,
        ports: { ...ports, ...(servers && { servers }) },
        ...{ size, ascii: options.ascii, journal, env, actions },
      }),
  });
  tellFaults(
    seat.console,
    'The usual keys hold.',
    options.file,
    faults.map(({ path, message }) => settingsFault(options.file, ['keys', ...path], message)),
  );
  if (options.prompt) options.prompt.ask = ask;

  const { theme, fault } = themeOf(options.settings.display?.theme);
  const wrong = fault === undefined ? [] : [settingsFault(options.file, ['display', 'theme'], fault)];
  tellFaults(seat.console, 'The default theme holds.', options.file, wrong);
  const paint = painter(options.color ? theme : 'mono');
  const screen = new Screen(process.stdout);
  let connected = false;
  let bounded = false;
  let rounds = 0;
  let figures = false;
  const answered = Promise.withResolvers<undefined>();
  const { sampler } = seat.console;
  sampler.onEvent((event) => {
    if (event === 'data') {
      figures = true;
      answered.resolve(undefined);
      if (!bounded || rounds++ % BOUNDED_EVERY === 0) bounded = boundYoungSpace();
    }
    connected ||= sampler.link.state === 'connected';
    const { link } = sampler;
    if (connected || link.state !== 'away' || PATIENT.includes(link.error.kind)) return;
    failure = link.error;
    leave();
  });
  const signals = (['SIGTERM', 'SIGHUP', 'SIGINT'] as const).map((name) => {
    const listener = () => {
      // the screen has gone, and what was begun is being taken back: asked once more, that is not waited for
      if (left && name === 'SIGINT') process.exit(130);
      code = 128 + { SIGTERM: 15, SIGHUP: 1, SIGINT: 2 }[name];
      leave();
    };
    process.on(name, listener);
    return { name, listener };
  });
  // what runs is cancelled, as by SIGHUP
  const releaseTerminal = onTerminalLost(() => {
    if (left) return;
    code = 129;
    leave();
  });
  const restore = () => {
    screen.close();
    process.stdin.setRawMode(false);
  };
  // after an error that nobody catches; Ink sees to that itself
  process.on('exit', restore);
  try {
    screen.open(firstFrame(seat.console, paint));
    // keys typed from now on are not echoed, and wait for Ink
    process.stdin.setRawMode(true);
    seat.console.start();
    // with the driver first: the server is at work on the connection while this thread is busy loading Ink
    await import('../db/client.ts');
    // one that is near has answered before Ink could be loaded: its figures are there first
    await Promise.race([answered.promise, gone.promise, delay(NEAR_MS, undefined, { ref: false })]);
    const { size: drawn } = seat.console.state;
    if (figures && process.stdout.columns === drawn.columns && process.stdout.rows === drawn.rows)
      screen.paint(firstFrame(seat.console, paint, true));
    const loaded = await Promise.race([import('./mount.tsx'), gone.promise]);
    if (loaded && !left) {
      const ink = loaded.mount(seat.console, screen, paint, bridge);
      seat.onChange(() => ink.show(seat.console));
      process.off('exit', restore);
      mounted = true;
      unmount = ink.unmount;
      await ink.waitUntilExit();
    }
  } finally {
    if (!mounted) restore();
    process.off('exit', restore);
    const notice = leavingNotice(seat.console);
    if (notice !== '') process.stdout.write(notice);
    await seat.stop();
    screen.destroy();
    for (const { name, listener } of signals) process.off(name, listener);
    releaseTerminal();
  }
  if (failure) throw failure;
  const report = seat.report();
  if (report !== '') process.stdout.write(report);
  return code;
}
