import type { Server } from '../db/server.ts';
import type { Answer, Call, Purpose, Session } from '../db/session.ts';
import { type Clock, systemClock } from './clock.ts';
import { Link } from './link.ts';
import { Pace } from './pace.ts';
import { Parts } from './parts.ts';
import {
  type Cadence,
  DEFAULT_WANTS,
  type Known,
  PART_NAMES,
  type PartName,
  pollOf,
  type RowsOf,
  type Wants,
} from './polls.ts';
import type { LinkStatus, Part } from './snapshot.ts';

export interface SamplerOptions {
  /** Opens a connection; throws DbError. */
  readonly connect: (purpose: Purpose) => Promise<Session>;
  /** Seconds per cadence. */
  readonly intervals: Record<Cadence, number>;
  readonly clock?: Clock;
  /** 0 to 1, for the jitter of the back-off. */
  readonly random?: () => number;
}

/** What happened; the listener reads the rest from the sampler. */
export type SamplerEvent = 'link' | 'data' | 'clock';

/** Beyond any statement_timeout of ours: what has not answered by then does not answer. */
const SILENCE_MS = 15_000;

/**
 * The one clock of the console: asks what the visible screen needs, never two of a kind at once, and tells its
 * listener when there is something new. Nothing waits for it: a tick that comes while the last answer is still
 * out is dropped, not queued.
 */
export class Sampler {
  readonly #clock: Clock;
  readonly #link: Link;
  readonly #pace: Pace;
  readonly #parts = new Parts();
  readonly #listeners = new Set<(event: SamplerEvent) => void>();
  /** What is to be read, each with the moment since which it is. */
  #needs: ReadonlyMap<PartName, number> = new Map();
  /** Parts for which there was nothing to ask when they were last due. */
  readonly #shut = new Set<PartName>();
  #fastBusySince: number | undefined;
  /** Asked for by hand while an answer was out: asked again after it. */
  readonly #again = new Set<PartName>();
  #slowBusy = false;
  /** Grows with every change of the link: a slow round of before must not go on beside the new one. */
  #generation = 0;
  #paused = false;
  #stopped = false;
  #cancelTimer: (() => void) | undefined;
  wants: Wants = DEFAULT_WANTS;

  constructor({ connect, intervals, clock = systemClock, random }: SamplerOptions) {
    this.#clock = clock;
    this.#pace = new Pace(intervals);
    this.#link = new Link({
      connect,
      clock,
      ...(random && { random }),
      onChange: (status) => this.#onLink(status),
    });
  }

  get link(): LinkStatus {
    return this.#link.status;
  }

  get server(): Server | undefined {
    return this.#link.sessions?.fast.server;
  }

  /** The session for interventions; undefined while there is no connection. */
  get control(): Session | undefined {
    return this.#link.sessions?.control;
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** Seconds between two ticks. */
  get interval(): number {
    return this.#pace.tick;
  }

  now(): number {
    return this.#clock.now();
  }

  /** Milliseconds for which the last fast question has been out; undefined while none is. */
  get stalledFor(): number | undefined {
    return this.#fastBusySince === undefined ? undefined : this.#clock.now() - this.#fastBusySince;
  }

  part<P extends PartName>(name: P): Part<RowsOf[P]> {
    return this.#parts.get(name);
  }

  /** Seconds between two readings of a part, longer than asked for when its query turned out to be dear. */
  every(name: PartName): number {
    return this.#pace.every(name);
  }

  /** Since when a part is being read without a break; undefined while it is not. */
  neededSince(name: PartName): number | undefined {
    return this.#needs.get(name);
  }

  onEvent(listener: (event: SamplerEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Connects and begins to tick. */
  start(): void {
    void this.#link.connect();
    this.#schedule();
  }

  /** Ends the clock and closes the connections; safe to call twice. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelTimer?.();
    await this.#link.close();
  }

  /** From now on only these parts are read. Those that are due are asked for at once. */
  need(parts: ReadonlySet<PartName>): void {
    const now = this.#clock.now();
    const due = [...parts].some((name) => !this.#needs.has(name) && this.#pace.isDue(name, now));
    this.#needs = new Map([...parts].map((name) => [name, this.#needs.get(name) ?? now]));
    if (due) this.#round();
  }

  /** Asks everything that is needed (or only the given parts) now, whatever its cadence. */
  refresh(only?: readonly PartName[]): void {
    for (const name of only ?? this.#needs.keys()) {
      this.#pace.hurry(name);
      // an answer that is under way was asked for before: it does not count as this one
      if (this.#fastBusySince !== undefined && pollOf(name).session === 'fast') this.#again.add(name);
    }
    if (this.link.state === 'away') void this.#link.connect();
    this.#round(true);
  }

  pause(paused: boolean): void {
    this.#paused = paused;
    if (!paused) this.refresh();
  }

  setInterval(seconds: number): void {
    this.#pace.setTick(seconds);
    this.#schedule();
  }

  /** One tick of the clock; public so that tests can drive it. */
  tick(): void {
    if (this.#stopped) return;
    this.#link.tick();
    if ((this.stalledFor ?? 0) > SILENCE_MS) void this.#link.renew();
    this.#round();
    this.#tell('clock');
  }

  #schedule(): void {
    this.#cancelTimer?.();
    if (this.#stopped) return;
    // more often than a long interval: attempts to reconnect and messages that go do not wait for it
    this.#cancelTimer = this.#clock.after(this.#pace.pulse * 1000, () => {
      this.tick();
      this.#schedule();
    });
  }

  #onLink(status: LinkStatus): void {
    this.#fastBusySince = undefined;
    this.#again.clear();
    this.#slowBusy = false;
    this.#generation++;
    const { server } = this;
    if (status.state === 'connected' && server) {
      this.#pace.clear();
      this.#parts.begin(server);
    }
    if (status.state === 'away') this.#parts.goStale();
    this.#tell('link');
    this.#round();
  }

  #round(force = false): void {
    if (!this.#link.sessions || (this.#paused && !force)) return;
    const now = this.#clock.now();
    const due = PART_NAMES.filter(
      (n) => this.#needs.has(n) && this.#pace.isDue(n, now) && this.part(n).status !== 'denied',
    );
    if (this.#fastBusySince === undefined)
      void this.#askFast(
        due.filter((n) => pollOf(n).session === 'fast'),
        force,
      );
    if (!this.#slowBusy) void this.#askSlow(due.filter((n) => pollOf(n).session === 'slow'));
  }

  #callOf(name: PartName): Call | undefined {
    const { server } = this;
    if (!server) return undefined;
    const known: Known = { rows: (part) => this.part(part).rows, wants: this.wants, server };
    return pollOf(name).call(known);
  }

  async #askFast(names: readonly PartName[], force: boolean): Promise<void> {
    const fast = this.#link.sessions?.fast;
    const asked = names.flatMap((name) => {
      const call = this.#callOf(name);
      if (!call) this.#skip(name);
      return call ? [{ name, call }] : [];
    });
    if (!fast || asked.length === 0) return;
    const sent = this.#clock.now();
    this.#fastBusySince = sent;
    const answers = await fast.batch(asked.map((a) => a.call));
    if (this.#link.sessions?.fast !== fast) return;
    this.#fastBusySince = undefined;
    let before = 0;
    asked.forEach(({ name }, i) => {
      const answer = answers[i];
      if (!answer) return;
      this.#take(name, answer, sent, Math.max(0, answer.ms - before));
      before = answer.ms;
    });
    const opened = [...this.#shut].filter((name) => this.#needs.has(name) && this.#callOf(name));
    const wanted = [...this.#again];
    this.#again.clear();
    for (const name of [...opened, ...wanted]) this.#pace.hurry(name);
    this.#tell('data');
    // what the answers have just made worth asking does not wait for an interval
    if (opened.length + wanted.length > 0) this.#round(force || wanted.length > 0);
  }

  async #askSlow(names: readonly PartName[]): Promise<void> {
    if (names.length === 0) return;
    this.#slowBusy = true;
    const generation = this.#generation;
    let told = false;
    for (const name of names) {
      const slow = await this.#link.slow();
      if (generation !== this.#generation) return;
      const call = this.#callOf(name);
      if (!slow) continue;
      if (!call) {
        this.#skip(name);
        continue;
      }
      const sent = this.#clock.now();
      const [answer] = await slow.batch([call]);
      if (generation !== this.#generation) return;
      if (answer) this.#take(name, answer, sent, answer.ms);
      told = true;
    }
    this.#slowBusy = false;
    if (told) this.#tell('data');
  }

  /** The gate of a part is shut: that is known now, and looked at again when it is due. */
  #skip(name: PartName): void {
    const now = this.#clock.now();
    this.#parts.nothing(name, now);
    this.#shut.add(name);
    // the time of one that is patient is counted from the last question: what there is to ask after it is asked at once
    if (!pollOf(name).patient) this.#pace.asked(name, now, 0);
  }

  #take(name: PartName, answer: Answer, at: number, cost: number): void {
    const { server } = this;
    if (!server) return;
    this.#shut.delete(name);
    this.#pace.asked(name, at, cost);
    const broken = this.#parts.take(name, answer, this.#clock.now(), cost, server);
    if (broken) this.#link.down(broken);
  }

  #tell(event: SamplerEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}
