import { type Clock, systemClock } from '../../monitor/clock.ts';
import type { FleetSource, ServerChoice } from '../core/servers.ts';
import { FleetMember } from './member.ts';
import { Names } from './names.ts';
import type { FleetRow } from './row.ts';

export interface FleetOptions {
  /** The servers as they are set up now. Throws UsageError. */
  readonly choices: () => readonly ServerChoice[];
  /** Whether a server is the one that the console watches. */
  readonly isWatched?: (choice: ServerChoice) => boolean;
  /** Rows have changed; not more often than a person can read. */
  readonly onChange?: () => void;
  readonly clock?: Clock;
}

/** Few servers are asked as often as this, in seconds; of many each one less often, so that this machine has as much to do. */
const LEAST_INTERVAL = 2;
const SECONDS_PER_SERVER = 0.2;
/** What is not shown is watched on for so long: whoever comes back finds it as it is. */
const LINGER_MS = 30_000;
const TELL_MS = 200;

/** All servers at a glance: each is watched for itself, one after the other is begun with. */
export class Fleet implements FleetSource {
  readonly #options: FleetOptions;
  readonly #clock: Clock;
  #members = new Map<string, FleetMember>();
  #shown = false;
  #cancelEnd: (() => void) | undefined;
  #cancelTell: (() => void) | undefined;
  readonly #cancelStarts = new Set<() => void>();
  readonly #ending = new Set<Promise<void>>();

  constructor(options: FleetOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  get rows(): readonly FleetRow[] {
    const { isWatched = () => false } = this.#options;
    return [...this.#members.values()].map((one) => one.row(isWatched(one.choice)));
  }

  /** Of each it is known how it is. */
  get settled(): boolean {
    return [...this.#members.values()].every((one) => one.settled);
  }

  show(shown: boolean): void {
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#cancelEnd?.();
    this.#cancelEnd = undefined;
    if (shown) this.#begin();
    else this.#cancelEnd = this.#clock.after(LINGER_MS, () => void this.stop());
  }

  /** Asks each at once, of the servers as they are set up by now. */
  again(): void {
    if (this.#shown) this.#begin();
    else for (const one of this.#members.values()) one.again();
  }

  /** Ends all connections; they are opened anew when it is shown again. */
  async stop(): Promise<void> {
    this.#shown = false;
    this.#cancelEnd?.();
    this.#cancelTell?.();
    this.#cancelTell = undefined;
    for (const cancel of this.#cancelStarts) cancel();
    this.#cancelStarts.clear();
    for (const one of this.#members.values()) this.#end(one);
    this.#members = new Map();
    await Promise.all(this.#ending);
  }

  /** Those that are there go on; those that are new are begun with, spread over the interval. */
  #begin(): void {
    const choices = this.#choices();
    if (choices === undefined) {
      for (const one of this.#members.values()) one.again();
      return;
    }
    const interval = Math.max(LEAST_INTERVAL, choices.length * SECONDS_PER_SERVER);
    const before = this.#members;
    this.#members = new Map();
    const names = new Names();
    for (const [at, choice] of choices.entries()) {
      const key = JSON.stringify([
        choice.name,
        choice.place,
        choice.problem ?? null,
        choice.settings ?? null,
      ]);
      const kept = before.get(key);
      before.delete(key);
      const member =
        kept ??
        new FleetMember({ choice, interval, clock: this.#clock, names, onChange: () => this.#tell() });
      this.#members.set(key, member);
      // what was refused may be allowed by now, and a password may have been given
      if (kept !== undefined) kept.again();
      else if (choice.problem === undefined)
        this.#startAfter((at * interval * 1000) / choices.length, member);
    }
    for (const gone of before.values()) this.#end(gone);
    this.#tell();
  }

  /** Undefined where they cannot be read: then those that are known stay. */
  #choices(): readonly ServerChoice[] | undefined {
    try {
      return this.#options.choices();
    } catch {
      return undefined;
    }
  }

  #startAfter(ms: number, member: FleetMember): void {
    const cancel = this.#clock.after(ms, () => {
      this.#cancelStarts.delete(cancel);
      member.start();
    });
    this.#cancelStarts.add(cancel);
  }

  #end(member: FleetMember): void {
    const ending = member.stop().finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
  }

  #tell(): void {
    this.#cancelTell ??= this.#clock.after(TELL_MS, () => {
      this.#cancelTell = undefined;
      this.#options.onChange?.();
    });
  }
}
