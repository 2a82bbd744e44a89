import { type AnyPoll, type Cadence, inOrder, type Poll, type Wants } from '../db/poll.ts';
import type { Server } from '../db/server.ts';
import type { Answer, Purpose, Session } from '../db/session.ts';
import { type Clock, systemClock } from './clock.ts';
import { Gates, type Round } from './gates.ts';
import { Link } from './link.ts';
import { Pace } from './pace.ts';
import { Parts } from './parts.ts';
import { awayOf, isHung } from './silence.ts';
import type { LinkStatus, Part } from './snapshot.ts';
import { DEFAULT_WANTS } from './wants.ts';

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
  #needs: ReadonlyMap<AnyPoll, number> = new Map();
  readonly #gates: Gates;
  #fastBusySince: number | undefined;
  /** Asked for by hand while an answer was out: asked again after it. */
  readonly #again = new Set<AnyPoll>();
  /** Sent while the other connections were opened: over a line of 100 ms that saves one way and back. */
  #early: Round | undefined;
  /** When the slow question was sent that is out. */
  #slowSince: number | undefined;
  /** Grows with every change of the link: a slow round of before must not go on beside the new one. */
  #generation = 0;
  #asked = 0;
  #paused = false;
  #stopped = false;
  #cancelTimer: (() => void) | undefined;
  wants: Wants = DEFAULT_WANTS;

  constructor({ connect, intervals, clock = systemClock, random }: SamplerOptions) {
    this.#clock = clock;
    this.#pace = new Pace(intervals);
    this.#gates = new Gates({ parts: this.#parts, pace: this.#pace, wants: () => this.wants });
    this.#link = new Link({
      connect,
      clock,
      ...(random && { random }),
      onFirst: (fast) => this.#askEarly(fast),
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

  /** Why the server counts as away, in a sentence; undefined while it answers. */
  get away(): string | undefined {
    return awayOf(this.link, this.stalledFor);
  }

  part<Row>(poll: Poll<Row>): Part<Row> {
    return this.#parts.get(poll);
  }

  /** Seconds between two readings of a poll, longer than asked for when its query turned out to be dear. */
  every(poll: AnyPoll): number {
    return this.#pace.every(poll);
  }

  /** Since when a poll is being read without a break; undefined while it is not. */
  neededSince(poll: AnyPoll): number | undefined {
    return this.#needs.get(poll);
  }

  /** Questions sent so far: each is a transaction on the server. */
  get ownTransactions(): number {
    return this.#asked;
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

  /** From now on only these are read, with what they build on. Those that are due are asked for at once. */
  need(polls: Iterable<AnyPoll>): void {
    const now = this.#clock.now();
    const needed = [...inOrder(polls)];
    const due = needed.some((poll) => !this.#needs.has(poll) && this.#pace.isDue(poll, now));
    this.#needs = new Map(needed.map((poll) => [poll, this.#needs.get(poll) ?? now]));
    if (due) this.#round();
  }

  /** Asks everything that is needed (or only the given polls) now, whatever its cadence. */
  refresh(only?: readonly AnyPoll[]): void {
    for (const poll of only ?? this.#needs.keys()) {
      this.#pace.hurry(poll);
      // an answer that is under way was asked for before: it does not count as this one
      if (this.#fastBusySince !== undefined && poll.session === 'fast') this.#again.add(poll);
    }
    if (this.link.state === 'away') void this.#link.connect();
    this.#round(true);
  }

  pause(paused: boolean): void {
    this.#paused = paused;
    if (!paused) this.refresh();
  }

  /** Changes over to new connections: one of those that are there does not answer. */
  renew(): void {
    void this.#link.renew();
  }

  setInterval(seconds: number): void {
    this.#pace.setTick(seconds);
    this.#schedule();
  }

  /** One tick of the clock; public so that tests can drive it. */
  tick(): void {
    if (this.#stopped) return;
    this.#link.tick();
    if (isHung(this.stalledFor, this.now() - (this.#slowSince ?? this.now()))) this.renew();
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
    this.#slowSince = undefined;
    this.#generation++;
    if (status.state === 'connected' && this.server) {
      this.#pace.clear();
      this.#parts.begin(this.server);
    }
    if (status.state === 'away') this.#parts.goStale();
    this.#tell('link');
    this.#round();
  }

  #round(force = false): void {
    if (!this.#link.sessions || (this.#paused && !force)) return;
    const now = this.#clock.now();
    const due = [...this.#needs.keys()].filter(
      (poll) => this.#pace.isDue(poll, now) && this.part(poll).status !== 'denied',
    );
    const over = (one: 'fast' | 'slow') => due.filter(({ session }) => session === one);
    if (this.#fastBusySince === undefined) void this.#askFast(over('fast'), force);
    if (this.#slowSince === undefined) void this.#askSlow(over('slow'));
  }

  /** What is due once all connections are there. */
  #askEarly(fast: Session): void {
    this.#parts.begin(fast.server);
    const due = [...this.#needs.keys()].filter(
      (poll) => poll.session === 'fast' && this.part(poll).status !== 'denied',
    );
    this.#early = this.#paused ? undefined : this.#send(fast, due);
  }

  #send(fast: Session, polls: readonly AnyPoll[]): Round | undefined {
    const sent = this.now();
    const asked = this.#gates.ask(polls, fast.server, sent);
    if (asked.length === 0) return undefined;
    this.#asked += asked.length;
    return { fast, asked, sent, answers: fast.batch(asked.map(({ call }) => call)) };
  }

  async #askFast(polls: readonly AnyPoll[], force: boolean): Promise<void> {
    const fast = this.#link.sessions?.fast;
    if (!fast) return;
    const early = this.#early?.fast === fast ? this.#early : undefined;
    this.#early = undefined;
    const round = early ?? this.#send(fast, polls);
    if (!round) return;
    this.#fastBusySince = round.sent;
    const answers = await round.answers;
    if (this.#link.sessions?.fast !== fast) return;
    this.#fastBusySince = undefined;
    let before = 0;
    round.asked.forEach(({ poll }, i) => {
      const answer = answers[i];
      if (!answer) return;
      this.#take(poll, answer, round.sent, Math.max(0, answer.ms - before));
      before = answer.ms;
    });
    const opened = this.#gates.opened(this.#needs, this.server);
    const wanted = [...this.#again];
    this.#again.clear();
    for (const poll of [...opened, ...wanted]) this.#pace.hurry(poll);
    this.#tell('data');
    // what the answers have just made worth asking does not wait for an interval, nor what was asked for since the first
    if (early || opened.length + wanted.length > 0) this.#round(force || wanted.length > 0);
  }

  async #askSlow(polls: readonly AnyPoll[]): Promise<void> {
    if (polls.length === 0) return;
    this.#slowSince = this.now();
    const generation = this.#generation;
    let told = false;
    for (const poll of polls) {
      const slow = await this.#link.slow();
      if (generation !== this.#generation) return;
      const sent = this.now();
      const [one] = slow ? this.#gates.ask([poll], this.server, sent) : [];
      if (!slow || !one) continue;
      this.#asked++;
      this.#slowSince = sent;
      const [answer] = await slow.batch([one.call]);
      if (generation !== this.#generation) return;
      if (answer) this.#take(poll, answer, sent, answer.ms);
      told = true;
    }
    this.#slowSince = undefined;
    if (told) this.#tell('data');
  }

  #take(poll: AnyPoll, answer: Answer, at: number, cost: number): void {
    const { server } = this;
    if (!server) return;
    this.#gates.answered(poll);
    this.#pace.asked(poll, at, cost);
    const broken = this.#parts.take(poll, answer, this.#clock.now(), cost, server);
    if (broken) this.#link.down(broken);
  }

  #tell(event: SamplerEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}
