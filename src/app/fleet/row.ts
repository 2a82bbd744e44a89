import type { Environment } from '../../config/settings.ts';
import type { Level } from '../../health/level.ts';

/** How it is with a server as seen from here. */
export type FleetState =
  /** It answers. */
  | 'up'
  | 'connecting'
  /** It was asked, and has not answered for longer than it should take. */
  | 'silent'
  /** No connection can be made. */
  | 'away'
  /** It wants a password, and none is known: nobody is asked for one here. */
  | 'password'
  /** It has refused the login; it is not tried again by itself. */
  | 'refused'
  /** Its settings lead nowhere. */
  | 'invalid';

/** What a server said last. */
export interface FleetFigures {
  /** Of the clock that the age is counted by, ms. */
  readonly at: number;
  readonly version: string;
  readonly standby: boolean;
  readonly connections: number;
  readonly maxConnections: number;
  readonly connectionsLevel: Level;
  /** Sessions that wait for a lock. */
  readonly waiting: number | null;
  readonly longestSeconds: number | null;
  readonly longestLevel: Level;
  /** The standby that is furthest behind, or this one where it is a standby; null: there is none, or it is not known. */
  readonly lagSeconds: number | null;
  readonly lagLevel: Level;
  /** 0 to 100, of what can be read cheaply, with the share of the weights that this is; null: not known. */
  readonly score: number | null;
  readonly coverage: number;
  /** What is wrong, the worst first. */
  readonly alerts: readonly { readonly severity: 'alert' | 'critical'; readonly title: string }[];
  /** Why some of it is not known. */
  readonly hidden?: string;
}

/** One server of the fleet. */
export interface FleetRow {
  readonly name: string;
  readonly place: string;
  readonly environment?: Environment;
  /** It is the one that the console watches. */
  readonly watched: boolean;
  readonly state: FleetState;
  /** Why it is not up, in a sentence; empty where it is. */
  readonly reason: string;
  /** Seconds for which it has not answered; null unless it is silent. */
  readonly silentSeconds: number | null;
  /** Undefined before the first answer. */
  readonly figures?: FleetFigures;
  /** How old the figures are, in seconds; null without any. */
  readonly ageSeconds: number | null;
  /** The figures are of now: it is up, and they are not older than they may be. */
  readonly fresh: boolean;
}
