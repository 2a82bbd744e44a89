import type { Alert, Change, Standing } from '../alerts/alert.ts';
import type { Least } from '../alerts/calm.ts';
import { Tracker } from '../alerts/tracker.ts';
import { DriftLook } from '../app/outside/drift.ts';
import { outsideFacts } from '../app/outside/facts.ts';
import { watchOptions } from '../app/watch.ts';
import type { Env } from '../config/libpq/env.ts';
import type { Resolved } from '../config/profile.ts';
import type { AnyPoll } from '../db/poll.ts';
import { type Assessment, assess } from '../health/assess.ts';
import type { Outside } from '../health/outside.ts';
import { CHECKS, countsOf, pollsOf, readAt, titleOf } from '../health/registry.ts';
import type { Waiver } from '../health/waivers.ts';
import type { Host } from '../hosts/host.ts';
import { type HostOr, reaching } from '../hosts/reach.ts';
import { LogHour } from '../log/hour.ts';
import { type Clock, systemClock } from '../monitor/clock.ts';
import { Figures } from '../monitor/figures.ts';
import { Sampler, type SamplerEvent, type SamplerOptions } from '../monitor/sampler.ts';
import { DEFAULT_WANTS } from '../monitor/wants.ts';

/** Rows of a kind that are read at most: what is wrong with a thousand tables is wrong with the server. */
const MANY = 1000;
/** Backups, jobs, disks and the log change slowly, and a process is started to ask for them. */
const OUTSIDE_MS = 60_000;
/** What is older than so many intervals says nothing of now. */
const STALE_INTERVALS = 5;
const STALE_MS = 15_000;
const DAY_MS = 86_400_000;

export interface WatchOptions {
  readonly resolved: Resolved;
  readonly env: Env;
  readonly host: Host;
  /** Seconds between two samples. */
  readonly interval?: number;
  readonly least?: Least;
  /** What is read beside what the checks read. */
  readonly polls?: readonly AnyPoll[];
  /** Alerts that stood when an earlier one ended. */
  readonly known?: readonly Alert[];
  /** What somebody lives with; read anew with what the server does not tell. */
  readonly waivers: () => readonly Waiver[];
  readonly onChange: (changes: readonly Change[]) => void;
  /** Something was read and judged. */
  readonly onSample?: (assessment: Assessment) => void;
  /** What the server does not tell could not be looked at; it is tried again at the next sample. */
  readonly onUnread?: (reason: string) => void;
  readonly connect?: SamplerOptions['connect'];
  readonly clock?: Clock;
  /** ms since 1970 */
  readonly wallClock?: () => number;
}

const NOT_YET = { unknown: 'It was not looked for yet.' };
const NOTHING: Outside = {
  now: Number.NaN,
  ...{
    backups: NOT_YET,
    remote: NOT_YET,
    jobs: NOT_YET,
    volumes: NOT_YET,
    memory: NOT_YET,
    log: NOT_YET,
    drift: NOT_YET,
  },
};

/** The sampler of the console without a screen: it judges each sample, makes alerts of what stays, and goes on through outages. */
export class Watch {
  readonly sampler: Sampler;
  readonly figures: Figures;
  readonly #options: WatchOptions;
  readonly #tracker: Tracker;
  readonly #wallClock: () => number;
  #outside = NOTHING;
  readonly #drift = new DriftLook();
  #waivers: readonly Waiver[];
  #assessment: Assessment | undefined;
  #sampledAt: number | undefined;
  /** The same by the clock that nobody sets. */
  #heardAt = Number.NEGATIVE_INFINITY;
  #asking: symbol | undefined;
  #askedAt = Number.NEGATIVE_INFINITY;
  #log: LogHour | undefined;

  constructor(options: WatchOptions) {
    const { resolved, interval, connect, clock = systemClock, wallClock = Date.now } = options;
    this.#options = options;
    this.#wallClock = wallClock;
    // what is an alert at once would be one before they are read with what the server does not tell
    this.#waivers = options.waivers();
    this.#tracker = new Tracker(options.least, options.known);
    this.sampler = new Sampler({ ...watchOptions(resolved, interval), ...(connect && { connect }), clock });
    this.sampler.wants = {
      ...DEFAULT_WANTS,
      ...{ idleSeconds: resolved.thresholds.idle_session_seconds, lockLimit: MANY },
      ...{ activityLimit: MANY, tableLimit: MANY, indexLimit: MANY, statementLimit: MANY },
    };
    this.figures = new Figures(this.sampler, countsOf(CHECKS));
    this.sampler.onEvent((event) => this.#on(event));
  }

  start(): void {
    this.sampler.need([...pollsOf(CHECKS), ...(this.#options.polls ?? [])]);
    this.sampler.start();
  }

  async stop(): Promise<void> {
    await this.sampler.stop();
  }

  get alerts(): readonly Standing[] {
    return this.#tracker.alerts;
  }

  /** The judgement on the last sample; undefined before the first. */
  get assessment(): Assessment | undefined {
    return this.#assessment;
  }

  /** When that was, in ms since 1970. */
  get sampledAt(): number | undefined {
    return this.#sampledAt;
  }

  /** What the server does not tell, as it was looked for last. */
  get outside(): Outside {
    return this.#outside;
  }

  /** The server answers. */
  get up(): boolean {
    return this.sampler.link.state === 'connected' && this.sampler.away === undefined;
  }

  /** The last sample is too old to say how the server is. */
  get stale(): boolean {
    const age = this.sampler.now() - this.#heardAt;
    return !this.up || age > Math.max(STALE_MS, STALE_INTERVALS * 1000 * this.sampler.interval);
  }

  /** Why the dead man's ping is not to be sent; undefined while sampling lives and the newest verified backup is young. */
  get silence(): string | undefined {
    if (this.stale) return 'there is no fresh sample of the server';
    const { backups } = this.#outside;
    if ('unknown' in backups) return backups.unknown;
    const verified = backups.known.find(({ verifiedAt }) => verifiedAt !== null);
    if (verified === undefined) return 'there is no backup that was verified';
    const days = (this.#wallClock() - verified.madeAt) / DAY_MS;
    const { alert } = this.#options.resolved.thresholds.backup_age_days;
    return days < alert
      ? undefined
      : `the newest verified backup, ${verified.id}, is ${Math.floor(days)} days old`;
  }

  #on(event: SamplerEvent): void {
    const at = this.#wallClock();
    const { away } = this.sampler;
    // the slow connection may still answer where the fast one hangs: that is no sample
    if (event === 'data' && away === undefined) this.#sampled(at);
    // one look for each tick of the clock: a change of the link is none
    if (event === 'clock' && away !== undefined) this.#tell(this.#tracker.away(away, at));
    if (event === 'clock') void this.#lookOutside();
  }

  #sampled(at: number): void {
    const { server } = this.sampler;
    if (server === undefined || this.sampler.link.state !== 'connected') return;
    this.figures.observe();
    const { thresholds } = this.#options.resolved;
    const facts = { figures: this.figures, server, thresholds, outside: { ...this.#outside, now: at } };
    this.#assessment = assess(facts, { waivers: this.#waivers });
    this.#sampledAt = at;
    this.#heardAt = this.sampler.now();
    const look = {
      assessment: this.#assessment,
      readAt: (check: string) => readAt(check, this.figures, this.#outside.now),
      titleOf,
    };
    this.#tell(this.#tracker.observe(look, at, this.sampler.now()));
    this.#options.onSample?.(this.#assessment);
    void this.#lookOutside();
  }

  #tell(changes: readonly Change[]): void {
    if (changes.length > 0) this.#options.onChange(changes);
  }

  async #lookOutside(): Promise<void> {
    const session = this.sampler.control;
    const now = this.sampler.now();
    if (session === undefined || now - this.#askedAt < OUTSIDE_MS) return;
    this.#askedAt = now;
    if (this.#asking !== undefined) {
      // a connection that hangs alone: the next look goes over a new one, and this one is waited for no more
      this.#asking = undefined;
      this.sampler.renew();
      return;
    }
    const look = Symbol('look');
    this.#asking = look;
    const { resolved, env, host, waivers } = this.#options;
    this.#log ??= new LogHour(hourHost(this.#options), resolved.thresholds.slow_query_ms);
    try {
      this.#waivers = waivers();
      const outside = await outsideFacts({
        session,
        resolved,
        env,
        host,
        log: this.#log,
        drift: this.#drift,
      });
      if (this.#asking === look) this.#outside = outside;
    } catch (error) {
      // the settings are being written, or are wrong since then: the next time
      this.#askedAt = Number.NEGATIVE_INFINITY;
      // without a connection there is an alert of its own
      if (this.up) this.#options.onUnread?.((error as Error).message);
    } finally {
      if (this.#asking === look) this.#asking = undefined;
    }
  }
}

/** Where the log is: this machine's host, unless the profile says elsewhere. */
function hourHost({ resolved, host }: WatchOptions): HostOr {
  const { server } = resolved.runsOn;
  return server.kind === 'local' ? host : reaching(server);
}
