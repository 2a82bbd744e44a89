import { isFromFuture } from '../safety.ts';
import { type KeepRule, TIERS, type Tier } from './rule.ts';

/** What the planner must know of a backup. */
export interface Candidate {
  readonly id: string;
  /** Those of one group replace each other: one server, database and scope; safety backups of one are another. */
  readonly group: string;
  /** Ms since 1970. */
  readonly at: number;
  /** Complete, and verified after it was made. Others do not count as backups. */
  readonly good: boolean;
  readonly pinned: boolean;
  /** A run reads it, or can be taken back with it. */
  readonly inUse: boolean;
}

export interface Decision {
  readonly id: string;
  readonly keep: boolean;
  /** `newest of 2026-11`, `older than the rule keeps`. */
  readonly because: string;
}

/** What is not good is kept for so long, for somebody to look at. */
const FAILED_DAYS = 7;
const DAY = 86_400_000;

/**
 * Decides for every backup whether it is kept, in the order given.
 *
 * Only good ones count. Tiers count days, weeks and months that have backups, not those of the calendar, so that an
 * outage does not empty the repository; periods are those of the local time zone. The newest good one, pinned ones and
 * those in use are always kept. One whose date is still to come was made by a clock that was wrong: it stays, and counts
 * for nothing, or it would be the newest until then.
 */
export function decide<One extends Candidate>(
  candidates: readonly One[],
  rule: KeepRule | ((one: One) => KeepRule),
  now: number,
): Decision[] {
  const reasons = new Map<string, string>();
  for (const group of Map.groupBy(candidates, (one) => one.group).values()) {
    const [first] = group;
    if (first === undefined) continue;
    const held = typeof rule === 'function' ? rule(first) : rule;
    for (const [id, because] of kept(group, held, now)) reasons.set(id, because);
  }
  return candidates.map((one) => {
    const because = reasons.get(one.id);
    return because === undefined
      ? {
          id: one.id,
          keep: false,
          because: one.good ? 'older than the rule keeps' : `not good, and older than ${FAILED_DAYS} days`,
        }
      : { id: one.id, keep: true, because };
  });
}

function kept(group: readonly Candidate[], rule: KeepRule, now: number): Map<string, string> {
  const reasons = new Map<string, string>();
  const keep = (one: Candidate, because: string) => {
    if (!reasons.has(one.id)) reasons.set(one.id, because);
  };
  const ahead = group.filter(({ at }) => isFromFuture(at, now));
  const good = group.filter((one) => one.good && !ahead.includes(one)).sort((a, b) => b.at - a.at);
  for (const one of group) {
    if (one.pinned) keep(one, 'pinned');
    else if (one.inUse) keep(one, 'a run needs it');
    else if (ahead.includes(one)) keep(one, 'dated in the future: a clock was wrong');
    // a failure is no reason to remove something while there is nothing better
    else if (!one.good && (good.length === 0 || now - one.at < FAILED_DAYS * DAY))
      keep(one, 'not good, and recent');
  }
  for (const tier of TIERS) {
    const periods = new Map<string, Candidate>();
    for (const one of good) {
      const period = periodOf(tier, new Date(one.at));
      if (!periods.has(period)) periods.set(period, one);
    }
    for (const [period, one] of [...periods].slice(0, rule.tiers[tier] ?? 0))
      keep(one, `newest of ${period}`);
  }
  for (const one of good)
    if (rule.days !== undefined && now - one.at <= rule.days * DAY)
      keep(one, `of the last ${rule.days} days`);
  for (const one of good.slice(0, rule.last ?? 0)) keep(one, `one of the last ${rule.last}`);
  for (const one of good.slice(0, Math.max(1, rule.min)))
    keep(one, `never fewer than ${Math.max(1, rule.min)}`);
  return reasons;
}

/** Names the period that a time is in, in the local time zone: `2026-11-20`, `2026-W47`, `2026-11`. */
export function periodOf(tier: Tier, at: Date): string {
  const year = at.getFullYear();
  const day = `${year}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  switch (tier) {
    case 'hourly':
      // the hour that is there twice when summer time ends has two names
      return `${day} ${two(at.getHours())}h UTC${offset(at)}`;
    case 'daily':
      return day;
    case 'weekly':
      return isoWeek(at);
    case 'monthly':
      return day.slice(0, 7);
    case 'yearly':
      return String(year);
  }
}

/** ISO 8601: a week belongs to the year of its Thursday. */
function isoWeek(at: Date): string {
  const thursday = new Date(at.getFullYear(), at.getMonth(), at.getDate() + 3 - ((at.getDay() + 6) % 7), 12);
  const first = new Date(thursday.getFullYear(), 0, 4, 12);
  const days = Math.round((thursday.getTime() - first.getTime()) / DAY);
  const week = 1 + Math.round((days - 3 + ((first.getDay() + 6) % 7)) / 7);
  return `${thursday.getFullYear()}-W${two(week)}`;
}

function two(n: number): string {
  return String(n).padStart(2, '0');
}

function offset(at: Date): string {
  const minutes = -at.getTimezoneOffset();
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(Math.abs(minutes) / 60))}:${two(Math.abs(minutes) % 60)}`;
}
