import { connect, type Purpose, type Session } from '../../src/db/client.ts';
import type { AnyPoll } from '../../src/db/poll.ts';
import type { Target } from '../../src/db/target.ts';
import { Sampler, type SamplerEvent } from '../../src/monitor/sampler.ts';
import { until } from '../support/until.ts';
import { ManualClock } from './manual-clock.ts';

/** What was sent together on one connection: the ids of the queries. */
export interface Sent {
  readonly purpose: Purpose;
  readonly ids: readonly string[];
}

const INTERVALS = { tick: 1, medium: 5, statements: 10, texts: 60, slow: 30, rare: 300 };
export const SECOND = 1000;

/** A sampler over real sessions, with a clock that goes on only when it is told to. */
export class Watching {
  readonly clock = new ManualClock();
  readonly sent: Sent[] = [];
  readonly events: SamplerEvent[] = [];
  readonly sessions = new Map<Purpose, Session>();
  readonly sampler: Sampler;
  /** What a connection waits for once it is open. */
  held: (purpose: Purpose) => Promise<void> | undefined = () => undefined;

  constructor(target: Target | (() => Target), intervals: Partial<typeof INTERVALS> = {}) {
    this.sampler = new Sampler({
      connect: async (purpose) => {
        const session = await connect(
          typeof target === 'function' ? target() : target,
          purpose,
          'pgdeck-monitor',
        );
        this.sessions.set(purpose, session);
        await this.held(purpose);
        return this.#recorded(session, purpose);
      },
      intervals: { ...INTERVALS, ...intervals },
      clock: this.clock,
      random: () => 0.5,
    });
    this.sampler.onEvent((event) => this.events.push(event));
  }

  #recorded(session: Session, purpose: Purpose): Session {
    return new Proxy(session, {
      get: (of, key) => {
        const value = Reflect.get(of, key, of);
        if (typeof value !== 'function') return value;
        if (key !== 'batch') return value.bind(of);
        return (...args: Parameters<Session['batch']>) => {
          this.sent.push({ purpose, ids: args[0].map((call) => call.query.id) });
          return of.batch(...args);
        };
      },
    });
  }

  /** Starts with these needs, and waits until each has been answered. */
  async start(...polls: AnyPoll[]): Promise<void> {
    this.sampler.need(polls);
    this.sampler.start();
    await this.answered(...polls);
  }

  /** Waits until these are no longer waited for, and nothing is under way. */
  async answered(...polls: AnyPoll[]): Promise<void> {
    await until(
      () =>
        polls.every((poll) => this.sampler.part(poll).status !== 'waiting') &&
        this.sampler.stalledFor === undefined,
      { what: `answers of ${polls.map(({ query }) => query.id).join()}` },
    );
  }

  /** Time goes on, a second at most at once, and whoever is asked answers. */
  async second(seconds = 1): Promise<void> {
    for (let left = seconds; left > 0; left--) {
      this.clock.advance(Math.min(left, 1) * SECOND);
      await until(() => this.sampler.stalledFor === undefined, { what: 'the answers of a tick' });
    }
  }

  /** The ids that were sent over the fast connection since the last call. */
  fast(): (readonly string[])[] {
    return this.sent.splice(0).flatMap(({ purpose, ids }) => (purpose === 'fast' ? [ids] : []));
  }
}
