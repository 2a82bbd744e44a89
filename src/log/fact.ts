import type { Severity } from './entry.ts';
import type { GraveKind } from './meaning.ts';

/** A kind of message, with how often it came. */
export interface LogMessage {
  readonly severity: Severity;
  readonly sqlstate: string | null;
  /** The last one of the kind, its first line. */
  readonly message: string;
  readonly count: number;
  /** When the last one was; milliseconds since 1970. */
  readonly at: number;
}

/** What the log says of the last hour. */
export interface LogFact {
  /** `jsonlog in /var/lib/postgresql/15/main/log on this machine`. */
  readonly source: string;
  /** What was read, in milliseconds since 1970: an hour, or less where the log is longer than is read. */
  readonly from: number;
  readonly until: number;
  /** ERROR, FATAL and PANIC, without what somebody wanted to end. */
  readonly errors: number;
  /** Of these, what ran into statement_timeout, lock_timeout and the like. */
  readonly timeouts: number;
  /** Not among them: statements cancelled and sessions terminated on request. */
  readonly ended: number;
  /** The errors by class of SQLSTATE (`23`), the most frequent first; null where the log does not tell it. */
  readonly classes: readonly { readonly class: string | null; readonly count: number }[];
  /** The most frequent errors. */
  readonly top: readonly LogMessage[];
  /** What is bad news however seldom it is. */
  readonly grave: readonly (LogMessage & { readonly kind: GraveKind })[];
  /** Statements that took at least so long; null where log_min_duration_statement is off and none was logged. */
  readonly slow: { readonly count: number; readonly aboveMs: number } | null;
  /** Lines whose severity is not known: another language without %e, or output of other programs. */
  readonly unknown: number;
}

/** Events per hour: less than an hour that was read is taken for all of it. */
export function perHour(count: number, { from, until }: Pick<LogFact, 'from' | 'until'>): number {
  return (count * HOUR_MS) / Math.max(until - from, 1);
}

export const HOUR_MS = 3_600_000;
