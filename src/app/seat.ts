import type { Resolved } from '../config/profile.ts';
import { DbError, dbError } from '../db/errors.ts';
import type { Console } from './console.ts';
import type { ServerChoice, Servers } from './core/servers.ts';
import { tableOf } from './core/state.ts';
import { Fleet } from './fleet/fleet.ts';
import { refreshFleet } from './fleet/refresh.ts';
import { exitReport } from './report.ts';
import type { ServerChoices } from './servers/choices.ts';
import { isWatched, switchRefused } from './servers/switch.ts';
import { fleetView } from './views/fleet.ts';

export interface SeatOptions {
  readonly resolved: Resolved;
  /** The servers that there are; absent where there is the given one only. */
  readonly choices?: ServerChoices;
  /** Makes the console of a server; it does not watch yet. */
  readonly console: (resolved: Resolved, servers: Servers | undefined) => Console;
}

/**
 * Where the console of one server sits, and that of another one takes its place. Each has a state, connections and polls of its own:
 * nothing of one is seen in the next.
 */
export class Seat implements Servers {
  readonly #options: SeatOptions;
  readonly #listeners = new Set<() => void>();
  /** Those that were left, until nothing of them is open any more. */
  readonly #ending = new Set<Promise<void>>();
  /** What was done on them. */
  readonly #reports: string[] = [];
  #console: Console;
  #names: readonly string[] = [];
  readonly fleet: Fleet;

  constructor(options: SeatOptions) {
    this.#options = options;
    this.fleet = new Fleet({
      choices: () => this.choices(),
      isWatched: (choice) => isWatched(this.#console, choice),
      onChange: () => refreshFleet(this.#console),
    });
    this.#console = options.console(options.resolved, options.choices && this);
  }

  /** The one that is watched now. */
  get console(): Console {
    return this.#console;
  }

  get names(): readonly string[] {
    return this.#names;
  }

  /** Called after another console has taken its place. */
  onChange(listener: () => void): void {
    this.#listeners.add(listener);
  }

  choices(): readonly ServerChoice[] {
    const found = this.#options.choices?.read() ?? [];
    this.#names = found.map(({ name }) => name);
    return found;
  }

  async open(choice: ServerChoice, signal: AbortSignal): Promise<string | undefined> {
    const { size } = this.#console.state;
    try {
      const next = this.#options.console(whileWanted(await choice.resolve(), signal), this);
      next.resize(size.columns, size.rows);
      try {
        await connected(next, signal);
        // what has begun meanwhile is not left alone
        const why = switchRefused(this.#console);
        if (why !== undefined) throw new Error(`${why}.`);
      } catch (error) {
        void end(next);
        throw error;
      }
      this.#sit(next);
      return undefined;
    } catch (error) {
      choice.forget?.();
      return sentence(error);
    }
  }

  #sit(next: Console): void {
    const before = this.#console;
    this.#console = next;
    const { home, size } = before.state;
    next.resize(size.columns, size.rows);
    // the list of all servers is of none of them
    next.store.set({ home });
    next.table(fleetView.id, tableOf(before.state, fleetView.id));
    const at = this.#reports.push('') - 1;
    const ending = end(before, 'the console went on to another server').finally(() => {
      this.#reports[at] = exitReport(before);
      this.#ending.delete(ending);
    });
    this.#ending.add(ending);
    for (const tell of this.#listeners) tell();
  }

  /** Ends what is watched, and waits for those that were left. */
  async stop(): Promise<void> {
    await Promise.all([end(this.#console), ...this.#ending, this.fleet.stop()]);
  }

  /** What was done on each, for the normal screen after the console is gone; empty when nothing was. */
  report(): string {
    return [...this.#reports, exitReport(this.#console)].join('');
  }
}

/** Nobody is asked for the password of a server that was given up meanwhile: it would be typed into whatever is on the screen. */
function whileWanted(resolved: Resolved, signal: AbortSignal): Resolved {
  const { target } = resolved;
  const password = async () => (signal.aborted ? undefined : target.password());
  return { ...resolved, target: { ...target, password } };
}

/** Begins to watch; resolves once there is a connection. Throws DbError when none can be made, and the reason of `signal`. */
function connected(deck: Console, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const given = () => reject(signal.reason);
  signal.addEventListener('abort', given);
  const forget = deck.sampler.onEvent((event) => {
    const { link } = deck.sampler;
    if (event !== 'link' || link.state === 'connecting') return;
    if (link.state === 'connected') resolve();
    else reject(link.error);
  });
  if (signal.aborted) given();
  else deck.start();
  return promise.finally(() => {
    forget();
    signal.removeEventListener('abort', given);
  });
}

async function end(deck: Console, why?: string): Promise<void> {
  await deck.stop(why).catch(() => {});
  await deck.resolved.target.via?.close().catch(() => {});
}

function sentence(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'UsageError' || !(error instanceof DbError)) return error.message;
  const { kind, code, message, next } = dbError(error);
  // nobody has typed one: where it could come from is known
  const advice = kind === 'auth' && code === undefined ? undefined : next;
  return [message, advice].filter(Boolean).join(' ');
}
