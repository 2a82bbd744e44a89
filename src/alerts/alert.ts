import type { Severity } from '../health/finding.ts';

/** Something that is wrong for longer than a moment. */
export interface Alert {
  /** The id of the finding, `check` or `check:object`: the same whoever is to blame, never a pid. */
  readonly key: string;
  readonly check: string;
  readonly object: string | null;
  readonly severity: Severity;
  /** One sentence, as of the last sample. */
  readonly title: string;
  readonly value: number | null;
  readonly threshold: number | null;
  /** When it was raised, in ms since 1970. */
  readonly since: number;
}

/** One that stands. */
export interface Standing extends Alert {
  /** It is not wrong any more, and is over when that stays so. */
  readonly calm: boolean;
}

/** What has become of an alert. */
export interface Change {
  readonly state: 'raised' | 'updated' | 'resolved';
  readonly alert: Alert;
}
