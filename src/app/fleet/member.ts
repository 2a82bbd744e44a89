import type { Resolved } from '../../config/profile.ts';
import { DbError } from '../../db/errors.ts';
import type { Purpose, Session } from '../../db/session.ts';
import type { Target } from '../../db/target.ts';
import type { Clock } from '../../monitor/clock.ts';
import { Sampler, type SamplerEvent } from '../../monitor/sampler.ts';
import { duration } from '../../text/units.ts';
import { Model } from '../core/model.ts';
import type { ServerChoice } from '../core/servers.ts';
import { FLEET_POLLS, figuresOf } from './figures.ts';
import type { Names } from './names.ts';
import type { FleetFigures, FleetRow, FleetState } from './row.ts';

export interface MemberOptions {
  readonly choice: ServerChoice;
  /** Seconds between two questions. */
  readonly interval: number;
  readonly clock: Clock;
  readonly names: Names;
  /** Something of the row has changed. */
  readonly onChange: () => void;
}

/** Longer no attempt to connect is waited for. */
const CONNECT_SECONDS = 5;
/** From then on a server that was asked counts as silent. */
const SILENT_MS = 3_000;
/** Figures that are older than so many intervals are not of now. */
const FRESH_INTERVALS = 2.5;
/** Sessions that are judged, each with the beginning of its query. */
const SESSIONS = { activityLimit: 50, queryChars: 80, lockLimit: 100 };

/** Over one connection goes all: what the sampler is told where there is no slot for a second one. */
const ONE_ONLY = new DbError('slots', 'A server of the fleet is watched over one connection.');

/**
 * One server of the fleet: its own clock, and one connection; a second one only while the first does not answer and is to
 * be replaced. Whatever it does, the others do not wait for it.
 */
export class FleetMember {
  readonly choice: ServerChoice;
  readonly #options: MemberOptions;
  #sampler: Sampler | undefined;
  #resolved: Resolved | undefined;
  #figures: FleetFigures | undefined;
  /** Why it is not tried any more. */
  #resting: Error | undefined;
  #stopped = false;
  /** What was begun, and is waited for before it is ended. */
  #starting: Promise<void> | undefined;

  constructor(options: MemberOptions) {
    this.choice = options.choice;
    this.#options = options;
  }

  /** Begins to watch. Never rejects. */
  start(): void {
    this.#starting ??= this.#begin();
  }

  async #begin(): Promise<void> {
    try {
      this.#resolved = await this.choice.resolve();
    } catch (error) {
      this.#resting = error as Error;
      this.#options.onChange();
      return;
    }
    if (!this.#stopped) this.#watch(this.#resolved);
  }

  #watch(resolved: Resolved): void {
    const { interval, clock, names, onChange } = this.#options;
    const { host, connectTimeout } = resolved.target;
    const target: Target = {
      ...resolved.target,
      password: resolved.passwords.held,
      connectTimeout: Math.min(connectTimeout || CONNECT_SECONDS, CONNECT_SECONDS),
    };
    const sampler = new Sampler({
      connect: async (purpose: Purpose): Promise<Session> => {
        if (purpose !== 'fast') throw ONE_ONLY;
        if (target.via === undefined) await names.find(host);
        const { connect } = await import('../../db/client.ts');
        return connect(target, purpose, 'pgdeck-fleet');
      },
      intervals: { tick: interval, medium: interval, statements: 60, texts: 600, slow: 120, rare: 600 },
      clock,
    });
    sampler.wants = {
      ...sampler.wants,
      ...SESSIONS,
      idleSeconds: resolved.thresholds.idle_session_seconds,
    };
    const model = new Model(sampler, resolved.thresholds);
    sampler.onEvent((event) => {
      if (this.#sampler === sampler) this.#on(event, sampler, model, resolved);
    });
    this.#sampler = sampler;
    sampler.need(FLEET_POLLS);
    sampler.start();
    onChange();
  }

  #on(event: SamplerEvent, sampler: Sampler, model: Model, { thresholds, waivers }: Resolved): void {
    if (event === 'clock') return;
    const { link } = sampler;
    if (event === 'data') {
      model.observe();
      const at = sampler.now();
      this.#figures = figuresOf(model, { thresholds, waivers, at }) ?? this.#figures;
    }
    // one that was refused is not told the same again and again: it may lock the role out
    if (link.state === 'away' && link.error.kind === 'auth') {
      this.#resting = link.error;
      this.#sampler = undefined;
      void sampler.stop();
    }
    this.#options.onChange();
  }

  /** Tries again, and asks now what is asked anyway. */
  again(): void {
    if (this.#resting === undefined) this.#sampler?.refresh();
    else if (this.#resolved !== undefined && !this.#stopped) {
      this.#resting = undefined;
      this.#watch(this.#resolved);
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#starting;
    const sampler = this.#sampler;
    this.#sampler = undefined;
    await sampler?.stop();
    await this.#resolved?.target.via?.close().catch(() => {});
  }

  /** Nothing more is to be learned for now: it has answered, or it is known why not. */
  get settled(): boolean {
    const { state, figures } = this.row(false);
    return state === 'up' ? figures?.score !== null : state !== 'connecting';
  }

  row(watched: boolean): FleetRow {
    const { name, place, environment } = this.choice;
    const figures = this.#figures;
    const { state, reason } = this.#standing();
    const { clock, interval } = this.#options;
    const ageSeconds = figures === undefined ? null : Math.max(0, clock.now() - figures.at) / 1000;
    return {
      ...{ name, place, watched, state, reason, ageSeconds },
      ...(environment && { environment }),
      ...(figures && { figures }),
      silentSeconds: state === 'silent' ? (this.#sampler?.stalledFor ?? 0) / 1000 : null,
      fresh: state === 'up' && ageSeconds !== null && ageSeconds <= interval * FRESH_INTERVALS,
    };
  }

  #standing(): { readonly state: FleetState; readonly reason: string } {
    const { problem } = this.choice;
    const resting = this.#resting;
    if (problem !== undefined) return { state: 'invalid', reason: problem };
    if (resting instanceof DbError)
      return resting.code === undefined
        ? { state: 'password', reason: 'It wants a password, and none is known.' }
        : { state: 'refused', reason: `${resting.message} It is not tried again before R.` };
    if (resting !== undefined) return { state: 'invalid', reason: resting.message };
    const { link, stalledFor = 0 } = this.#sampler ?? {};
    if (link?.state === 'away') return { state: 'away', reason: link.error.message };
    if (link?.state !== 'connected') return { state: 'connecting', reason: '' };
    if (stalledFor > Math.max(SILENT_MS, this.#options.interval * 1500))
      return { state: 'silent', reason: `It has not answered for ${duration(stalledFor / 1000)}.` };
    return { state: this.#figures === undefined ? 'connecting' : 'up', reason: '' };
  }
}
