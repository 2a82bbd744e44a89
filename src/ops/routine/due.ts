import type { Cadence, RoutineItem } from '../../config/routine.ts';
import { duration, moment } from '../../text/units.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/**
 * After how long an item is due again. Less than its name says: a job of the crontab that began a minute later the last
 * time has to find it due, and a month may have 28 days.
 */
export const PERIOD_MS: Readonly<Record<Cadence, number>> = {
  daily: 20 * HOUR_MS,
  weekly: 6 * DAY_MS,
  monthly: 27 * DAY_MS,
  quarterly: 85 * DAY_MS,
};

/** What is known of when an item was last done. */
export interface Evidence {
  /** When it last ended well, in ms since 1970; null: nothing says so. */
  readonly doneAt: number | null;
  /** What says so: a run, a backup, the server. */
  readonly by?: string;
  /** What has become of an attempt since then that did not end well. */
  readonly bad?: { readonly at: number; readonly text: string };
}

/** An item as it stands now. */
export interface Standing {
  readonly item: RoutineItem;
  readonly due: boolean;
  /** Why it is due, or since when it is not. */
  readonly why: string;
  readonly doneAt: number | null;
  /** When it will be due again, in ms since 1970; null: now. */
  readonly dueAt: number | null;
}

/** Whether an item is due, and why. `now`: ms since 1970. */
export function standingOf(item: RoutineItem, { doneAt, by, bad }: Evidence, now: number): Standing {
  const ago = (at: number) => `${duration((now - at) / 1000)} ago`;
  const due = (why: string): Standing => ({ item, due: true, why, doneAt, dueAt: null });
  if (bad !== undefined && bad.at >= (doneAt ?? 0)) return due(`${ago(bad.at)}: ${bad.text}`);
  if (doneAt === null) return due('never done here, as far as is known');
  // a clock was wrong: it says nothing of when it was
  if (doneAt > now + HOUR_MS) return due(`last done on ${moment(new Date(doneAt))}, which is still to come`);
  const told = by === undefined ? `done ${ago(doneAt)}` : `done ${ago(doneAt)} (${by})`;
  const dueAt = doneAt + PERIOD_MS[item.every];
  if (dueAt <= now) return due(told);
  return { item, due: false, why: `${told}; due again on ${moment(new Date(dueAt))}`, doneAt, dueAt };
}
