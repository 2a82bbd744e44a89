import type { DbError } from '../db/errors.ts';
import type { Denial } from '../db/query.ts';

/** How far a part of the snapshot can be trusted. */
export type PartStatus =
  /** Not asked yet. */
  | 'waiting'
  | 'ok'
  /** The last question was skipped (timeout, lock in the way): the rows are older. */
  | 'skipped'
  /** The connection is gone: the rows are from before. */
  | 'stale'
  /** This role or server cannot answer; not asked again until reconnect. */
  | 'denied';

/** One kind of fact with the rows last read. Frozen: a change is a new object, so `===` tells whether it changed. */
export interface Part<Row> {
  readonly status: PartStatus;
  /** When the rows were read, in the sampler's clock (ms); NaN before the first answer. */
  readonly at: number;
  readonly rows: readonly Row[];
  /** Why it is not `ok`. */
  readonly reason?: string;
  /** SQLSTATE of what the last question was skipped for. */
  readonly code?: string | undefined;
  /** Skipped for a timeout or a lock, which pass. */
  readonly busy?: boolean;
  /** What would change that: SQL, or a sentence. */
  readonly remedy?: string;
  /** Rows came, but some are hidden from this role. */
  readonly partial?: Denial;
  /** Duration of the last answer in ms, round trip included. */
  readonly ms: number;
}

export const WAITING: Part<never> = Object.freeze({ status: 'waiting', at: Number.NaN, rows: [], ms: 0 });

/** The connection as the header shows it. */
export type LinkStatus =
  | { readonly state: 'connecting' }
  /** `limited`: there was room for one connection only, and why. */
  | { readonly state: 'connected'; readonly limited?: DbError }
  /** Lost or never made: why, what to do, and when it is tried again (sampler clock, ms). */
  | {
      readonly state: 'away';
      readonly error: DbError;
      readonly retryAt: number;
      readonly since: number;
    };
