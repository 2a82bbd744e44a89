import type { Answer, Call, Purpose, Session } from '../db/client.ts';
import { type DbError, dbError, denial } from '../db/errors.ts';
import type { Server } from '../db/server.ts';
import {
  type Cadence,
  DEFAULT_WANTS,
  type Known,
  PART_NAMES,
  type PartName,
  pollOf,
  type RowsOf,
  unavailable,
  type Wants,
} from './polls.ts';
import { type LinkStatus, type Part, WAITING } from './snapshot.ts';

/** Time, injected so that an hour of samples can be run in a test. */
export interface Clock {
  /** Milliseconds, never going back. */
  now(): number;
  /** Calls back once after some milliseconds; returns how to cancel. */
  after(ms: number, callback: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  after: (ms, callback) => {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};

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

interface Sessions {
  readonly fast: Session;
  readonly slow: Session;
  /** For cancel and terminate: opened at start, because no new one can be had when the slots are used up. */
  readonly control: Session;
}

const RETRY_FIRST_MS = 500;
const RETRY_MAX_MS = 30_000;
/** The slow backend's catalog caches grow with every relation it has looked at: begin anew now and then. */
const SLOW_SESSION_MS = 3_600_000;
/** A query that takes more than this share of its interval is asked less often. */
const DEAR = 0.25;
const MAX_STRETCH_SECONDS = 30;

/**
 * The one clock of the console: asks what the visible screen needs, never two of a kind at once, and tells its
 * listener when there is something new. Nothing waits for it: a tick that comes while the last answer is still
 * out is dropped, not queued.
 */
export class Sampler {
  readonly #options: SamplerOptions;
  readonly #clock: Clock;
  readonly #parts = new Map<PartName, Part<unknown>>();
  readonly #due = new Map<PartName, number>();
  readonly #stretch = new Map<PartName, number>();
  readonly #listeners = new Set<(event: SamplerEvent) => void>();
  #needs: ReadonlySet<PartName> = new Set();
  #intervals: Record<Cadence, number>;
  #sessions: Sessions | undefined;
  #slowSince = 0;
  #link: LinkStatus = { state: 'connecting' };
  #retries = 0;
  #fastBusySince: number | undefined;
  #slowBusy = false;
  #connecting = false;
  #paused = false;
  #stopped = false;
  #cancelTimer: (() => void) | undefined;
  wants: Wants = DEFAULT_WANTS;

  constructor(options: SamplerOptions) {
    this.#options = options;
    this.#intervals = { ...options.intervals };
    this.#clock = options.clock ?? systemClock;
  }

  get link(): LinkStatus {
    return this.#link;
  }

  get server(): Server | undefined {
    return this.#sessions?.fast.server;
  }

  /** The session for interventions; undefined while there is no connection. */
  get control(): Session | undefined {
    return this.#sessions?.control;
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** Seconds between two ticks. */
  get interval(): number {
    return this.#intervals.tick;
  }

  now(): number {
    return this.#clock.now();
  }

  /** Milliseconds for which the last fast question has been out; undefined while none is. */
  get stalledFor(): number | undefined {
    return this.#fastBusySince === undefined ? undefined : this.#clock.now() - this.#fastBusySince;
  }

  part<P extends PartName>(name: P): Part<RowsOf[P]> {
    return (this.#parts.get(name) ?? WAITING) as Part<RowsOf[P]>;
  }

  /** Seconds between two readings of a part, longer than asked for when its query turned out to be dear. */
  every(name: PartName): number {
    return this.#stretch.get(name) ?? this.#intervals[pollOf(name).every];
  }

  onEvent(listener: (event: SamplerEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Connects and begins to tick. */
  start(): void {
    void this.#connect();
    this.#schedule();
  }

  /** Ends the clock and closes the connections; safe to call twice. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelTimer?.();
    const sessions = this.#sessions;
    this.#sessions = undefined;
    if (sessions) await Promise.all(Object.values(sessions).map((s: Session) => s.close()));
  }

  /** From now on only these parts are read. Newly needed ones are asked for at once. */
  need(parts: ReadonlySet<PartName>): void {
    const fresh = [...parts].some((name) => !this.#needs.has(name) && this.part(name).status === 'waiting');
    const stale = [...parts].some((name) => !this.#needs.has(name) && this.#isDue(name));
    this.#needs = parts;
    if (fresh || stale) this.#round();
  }

  /** Asks everything that is needed now, whatever its cadence. */
  refresh(only?: readonly PartName[]): void {
    for (const name of only ?? this.#needs) this.#due.delete(name);
    if (this.#link.state === 'away' && !this.#connecting) void this.#connect();
    this.#round(true);
  }

  pause(paused: boolean): void {
    this.#paused = paused;
    if (!paused) this.refresh();
  }

  setInterval(seconds: number): void {
    this.#intervals = { ...this.#intervals, tick: seconds };
    this.#stretch.clear();
    this.#schedule();
  }

  /** One tick of the clock; public so that tests can drive it. */
  tick(): void {
    if (this.#stopped) return;
    if (this.#link.state === 'away' && this.#clock.now() >= this.#link.retryAt && !this.#connecting)
      void this.#connect();
    if (!this.#paused) this.#round();
    this.#tell('clock');
  }

  #schedule(): void {
    this.#cancelTimer?.();
    if (this.#stopped) return;
    this.#cancelTimer = this.#clock.after(this.#intervals.tick * 1000, () => {
      this.tick();
      this.#schedule();
    });
  }

  async #connect(): Promise<void> {
    this.#connecting = true;
    if (this.#link.state !== 'away') this.#setLink({ state: 'connecting' });
    const opened: Session[] = [];
    try {
      const open = async (purpose: Purpose) => {
        const session = await this.#options.connect(purpose);
        opened.push(session);
        return session;
      };
      // control last: if only two slots are left, the first failure says so
      const fast = await open('fast');
      const [slow, control] = await Promise.all([open('slow'), open('control')]);
      if (this.#stopped) throw new Error('stopped while connecting');
      this.#begin({ fast, slow, control });
    } catch (error) {
      await Promise.all(opened.map((s) => s.close()));
      if (!this.#stopped) this.#away(dbError(error));
    } finally {
      this.#connecting = false;
    }
  }

  #begin(sessions: Sessions): void {
    this.#sessions = sessions;
    this.#slowSince = this.#clock.now();
    this.#retries = 0;
    this.#fastBusySince = undefined;
    this.#slowBusy = false;
    this.#due.clear();
    this.#stretch.clear();
    for (const session of Object.values(sessions) as Session[])
      session.onLost((error) => {
        if (Object.values(this.#sessions ?? {}).includes(session)) this.#away(error);
      });
    for (const name of PART_NAMES) {
      const part = this.part(name);
      if (part.status === 'denied') this.#parts.delete(name);
      const reason = unavailable(name, sessions.fast.server);
      if (reason) this.#set(name, { ...WAITING, status: 'denied', ...reason });
    }
    this.#setLink({ state: 'connected' });
    if (!this.#paused) this.#round();
  }

  /** The connection is gone: keep what was read, marked stale, and try again later. */
  #away(error: DbError): void {
    const sessions = this.#sessions;
    this.#sessions = undefined;
    this.#fastBusySince = undefined;
    this.#slowBusy = false;
    for (const session of Object.values(sessions ?? {}) as Session[]) void session.close();
    for (const [name, part] of this.#parts)
      if (part.status === 'ok' || part.status === 'skipped') this.#set(name, { ...part, status: 'stale' });
    const random = this.#options.random ?? Math.random;
    const wait = Math.min(RETRY_FIRST_MS * 2 ** this.#retries, RETRY_MAX_MS) * (0.75 + random() / 2);
    this.#retries++;
    const now = this.#clock.now();
    const since = this.#link.state === 'away' ? this.#link.since : now;
    this.#setLink({ state: 'away', error, retryAt: now + wait, since });
  }

  #setLink(link: LinkStatus): void {
    this.#link = link;
    this.#tell('link');
  }

  #isDue(name: PartName): boolean {
    // half a tick of grace: a timer that fires a little early must not skip a whole round
    return this.#clock.now() + this.#intervals.tick * 500 >= (this.#due.get(name) ?? 0);
  }

  #round(force = false): void {
    if (!this.#sessions || (this.#paused && !force)) return;
    const due = PART_NAMES.filter(
      (n) => this.#needs.has(n) && this.#isDue(n) && this.part(n).status !== 'denied',
    );
    if (this.#fastBusySince === undefined)
      void this.#askFast(due.filter((n) => pollOf(n).session === 'fast'));
    if (!this.#slowBusy) void this.#askSlow(due.filter((n) => pollOf(n).session === 'slow'));
  }

  get #known(): Known | undefined {
    const server = this.server;
    return server && { rows: (name) => this.part(name).rows, wants: this.wants, server };
  }

  #callOf(name: PartName): Call | undefined {
    const known = this.#known;
    return known && pollOf(name).call(known);
  }

  async #askFast(names: readonly PartName[]): Promise<void> {
    const sessions = this.#sessions;
    const asked = names.flatMap((name) => {
      const call = this.#callOf(name);
      return call ? [{ name, call }] : [];
    });
    if (!sessions || asked.length === 0) return;
    const sent = this.#clock.now();
    this.#fastBusySince = sent;
    const answers = await sessions.fast.batch(asked.map((a) => a.call));
    if (this.#sessions !== sessions) return;
    this.#fastBusySince = undefined;
    let before = 0;
    asked.forEach(({ name }, i) => {
      const answer = answers[i];
      if (!answer) return;
      this.#take(name, answer, sent, Math.max(0, answer.ms - before));
      before = answer.ms;
    });
    this.#tell('data');
  }

  async #askSlow(names: readonly PartName[]): Promise<void> {
    if (names.length === 0) return;
    this.#slowBusy = true;
    let told = false;
    for (const name of names) {
      const sessions = await this.#freshSlow();
      const call = sessions && this.#callOf(name);
      if (!call || !sessions) continue;
      const sent = this.#clock.now();
      const [answer] = await sessions.slow.batch([call]);
      if (this.#sessions !== sessions || !answer) return;
      this.#take(name, answer, sent, answer.ms);
      told = true;
    }
    this.#slowBusy = false;
    if (told) this.#tell('data');
  }

  /** The sessions, with the slow one replaced when it has grown old. */
  async #freshSlow(): Promise<Sessions | undefined> {
    const sessions = this.#sessions;
    if (!sessions || this.#clock.now() - this.#slowSince < SLOW_SESSION_MS) return sessions;
    this.#slowSince = this.#clock.now();
    try {
      const slow = await this.#options.connect('slow');
      if (this.#sessions !== sessions) {
        await slow.close();
        return this.#sessions;
      }
      const next = { ...sessions, slow };
      this.#sessions = next;
      slow.onLost((error) => {
        if (this.#sessions === next) this.#away(error);
      });
      await sessions.slow.close();
      return next;
    } catch {
      // no slot for a new one: the old one goes on
      return this.#sessions;
    }
  }

  #take(name: PartName, answer: Answer, at: number, cost: number): void {
    const poll = pollOf(name);
    const server = this.server;
    if (!server) return;
    const interval = this.#intervals[poll.every];
    const stretched =
      cost > interval * 1000 * DEAR
        ? Math.min(this.every(name) * 2, Math.max(interval, MAX_STRETCH_SECONDS))
        : interval;
    if (stretched > interval) this.#stretch.set(name, stretched);
    else this.#stretch.delete(name);
    this.#due.set(name, at + stretched * 1000);
    const before = this.part(name) as Part<unknown>;
    if (answer.ok) {
      const rows = poll.merge ? poll.merge(before.rows, answer.rows) : answer.rows;
      const partial = poll.query.partial?.(server);
      this.#set(name, { status: 'ok', at: this.#clock.now(), rows, ms: cost, ...(partial && { partial }) });
      return;
    }
    const { error } = answer;
    if (error.kind === 'lost') return;
    if (error.kind === 'denied' || error.kind === 'unsupported') {
      // a plan that no longer fits (ALTER EXTENSION UPDATE) says "unsupported" too: then a new session helps
      if (before.status === 'ok' && error.code === '0A000') this.#away(error);
      else
        this.#set(name, {
          ...before,
          status: 'denied',
          rows: [],
          ...denial(error, poll.query.needs, server),
        });
      return;
    }
    this.#set(name, { ...before, status: 'skipped', reason: error.message });
  }

  #set(name: PartName, part: Part<unknown>): void {
    this.#parts.set(name, Object.freeze(part));
  }

  #tell(event: SamplerEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}
