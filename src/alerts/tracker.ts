import type { Assessment } from '../health/assess.ts';
import { type Finding, SEVERITIES, type Severity } from '../health/finding.ts';
import type { Alert, Change, Standing } from './alert.ts';
import { isCalm, type Least } from './calm.ts';

/** A wait of a moment is no alert: what is seen in so many samples in a row is. */
const SAMPLES = 3;
/** These have a length of time of their own in their threshold. */
const AT_ONCE: ReadonlySet<string> = new Set(['lock_wait', 'long_query']);
/** Calm for so long, an alert is resolved. */
const CALM_MS = 30_000;
/** So many of one check are alerts of their own; what is beyond them is one. */
const LISTED = 10;
/** Of those that are one alert as many are named. */
const NAMED = 5;

/** The key of the alert that the server is away. */
export const AWAY = 'server_away';

/** One look at the server. */
export interface Look {
  readonly assessment: Pick<Assessment, 'findings' | 'unknown'>;
  /** When what a check reads was read last: what was read once counts once, however often it is looked at. */
  readonly readAt: (check: string) => number;
  /** What a check is called. */
  readonly titleOf: (check: string) => string;
}

/** A finding as far as it is known: those that stand behind a group have no figure. */
type Seen = Pick<Finding, 'id' | 'check' | 'severity'> & Partial<Finding>;

interface Held {
  alert: Alert;
  /** Since when it is calm, by the clock that nobody sets. */
  calm?: number | undefined;
}

/**
 * Makes alerts of findings: raised after three samples in a row (what has waited for long already, at once), resolved
 * when calm for 30 seconds. While the server is away, or a check could not be made, nothing is resolved: it is not known.
 */
export class Tracker {
  readonly #least: Least;
  readonly #held = new Map<string, Held>();
  /** In how many samples in a row something was seen, by key. */
  readonly #seen = new Map<string, number>();
  /** When what a check was judged by was read, by check. */
  readonly #read = new Map<string, number>();
  #missed = 0;

  /** @param known alerts that an earlier one has raised: they are not raised again */
  constructor(least: Least = 'alert', known: readonly Alert[] = []) {
    this.#least = least;
    for (const alert of known) this.#held.set(alert.key, { alert });
  }

  /** Those that stand: what is still wrong, the worst and then the oldest first. */
  get alerts(): readonly Standing[] {
    return [...this.#held.values()]
      .map(({ alert, calm }) => ({ ...alert, calm: calm !== undefined }))
      .sort(worstFirst);
  }

  /**
   * @param at ms since 1970
   * @param now ms of a clock that never goes back: a clock that is set neither ends an alert nor keeps it for hours
   */
  observe({ assessment, readAt, titleOf }: Look, at: number, now = at): Change[] {
    const changes = this.#back();
    const blind = new Set(assessment.unknown.map(({ check }) => check));
    const seen = new Map(seenIn(assessment.findings).map((one) => [one.id, one]));
    const bad = [...seen.values()].filter(({ severity }) => this.#counts(severity));
    const checks = new Set(
      [...bad, ...[...this.#held.values()].map(({ alert }) => alert)].map(({ check }) => check),
    );
    checks.delete(AWAY);
    const fresh = new Set([...checks].filter((check) => this.#isNew(check, readAt(check))));
    this.#count(bad, fresh, blind);
    for (const check of checks) {
      const ripe = bad.filter((one) => one.check === check && this.#isRipe(one));
      changes.push(...this.#follow(check, seen, { ripe, blind: blind.has(check), at, now }, titleOf(check)));
    }
    return changes;
  }

  /** The server does not answer. What was wrong before may be so, or not: it stays as it is. */
  away(reason: string, at: number): Change[] {
    this.#seen.clear();
    for (const one of this.#held.values()) one.calm = undefined;
    this.#missed++;
    const held = this.#held.get(AWAY);
    if (held) {
      held.alert = { ...held.alert, title: reason };
      return [];
    }
    if (this.#missed < SAMPLES) return [];
    return [
      this.#raise(
        {
          key: AWAY,
          check: AWAY,
          object: null,
          severity: 'critical',
          title: reason,
          value: null,
          threshold: null,
        },
        at,
      ),
    ];
  }

  /** It answers: that is resolved at once, and raised again only after three samples without. */
  #back(): Change[] {
    this.#missed = 0;
    return this.#held.has(AWAY) ? [this.#resolve(AWAY)] : [];
  }

  #counts(severity: Severity): boolean {
    return SEVERITIES.indexOf(severity) >= SEVERITIES.indexOf(this.#least);
  }

  #isNew(check: string, readAt: number): boolean {
    if (!(readAt > (this.#read.get(check) ?? Number.NEGATIVE_INFINITY))) return false;
    this.#read.set(check, readAt);
    return true;
  }

  #count(bad: readonly Seen[], fresh: ReadonlySet<string>, blind: ReadonlySet<string>): void {
    const now = new Set(bad.map(({ id }) => id));
    for (const key of [...this.#seen.keys()])
      if (!now.has(key) && !blind.has(checkOf(key))) this.#seen.delete(key);
    for (const { id, check } of bad) if (fresh.has(check)) this.#seen.set(id, (this.#seen.get(id) ?? 0) + 1);
  }

  #isRipe({ id, check }: Seen): boolean {
    return (this.#seen.get(id) ?? 0) >= (AT_ONCE.has(check) ? 1 : SAMPLES);
  }

  /** The alerts of one check: those of single objects, and the one that stands for all others. */
  #follow(
    check: string,
    seen: ReadonlyMap<string, Seen>,
    {
      ripe,
      blind,
      at,
      now,
    }: { readonly ripe: readonly Seen[]; readonly blind: boolean; readonly at: number; readonly now: number },
    title: string,
  ): Change[] {
    const changes: Change[] = [];
    const all = `${check}:*`;
    const own = [...this.#held.values()].filter(({ alert }) => alert.check === check && alert.key !== all);
    for (const held of own) changes.push(...this.#settle(held, seen.get(held.alert.key), blind, now));
    const others = ripe.filter(({ id }) => !this.#held.has(id));
    const group = this.#held.get(all);
    // while there is a group it takes all that comes: as those before them go, they would be told one by one
    const room = group === undefined ? LISTED - own.length : 0;
    // one more is told as well as a group of one
    const single =
      group === undefined && others.length <= room + 1 && room > 0 ? others : others.slice(0, room);
    for (const one of single) changes.push(this.#raise(alertOf(one), at));
    const rest = others.slice(single.length);
    if (group === undefined && rest.length > 0) changes.push(this.#raise(groupOf(check, title, rest), at));
    if (group !== undefined) {
      const left = [...seen.values()].filter(
        (one) => one.check === check && !this.#held.has(one.id) && this.#counts(one.severity),
      );
      if (left.length > 0) group.alert = { ...group.alert, ...groupOf(check, title, left) };
      changes.push(...this.#settle(group, left.length > 0 ? left[0] : undefined, blind, now));
    }
    return changes;
  }

  #settle(held: Held, found: Seen | undefined, blind: boolean, now: number): Change[] {
    const { alert } = held;
    if (found !== undefined && this.#counts(found.severity)) {
      held.calm = undefined;
      if (alert.object === '*') return [];
      const next = { ...alert, ...alertOf(found), since: alert.since };
      held.alert = next;
      return next.severity === alert.severity ? [] : [{ state: 'updated', alert: next }];
    }
    const calm = found === undefined ? !blind : isCalm(found, this.#least);
    if (!calm) {
      held.calm = undefined;
      return [];
    }
    held.calm ??= now;
    return now - held.calm >= CALM_MS ? [this.#resolve(alert.key)] : [];
  }

  #raise(alert: Omit<Alert, 'since'>, at: number): Change {
    const raised = { ...alert, since: at };
    this.#held.set(alert.key, { alert: raised });
    return { state: 'raised', alert: raised };
  }

  #resolve(key: string): Change {
    const held = this.#held.get(key);
    if (held === undefined) throw new Error(`No alert ${key} stands.`);
    this.#held.delete(key);
    this.#seen.delete(key);
    return { state: 'resolved', alert: held.alert };
  }
}

/** What is wrong and not waived, those behind a group by their ids. */
function seenIn(findings: readonly Finding[]): Seen[] {
  return findings
    .filter(({ waiver }) => waiver === undefined)
    .flatMap((one) => one.grouped?.map((member) => ({ ...member, check: one.check })) ?? [one]);
}

function alertOf({ id, check, severity, object, title, value, threshold }: Seen): Omit<Alert, 'since'> {
  const named = objectOf(id);
  return {
    ...{ key: id, check, severity },
    object: object ?? named,
    // it stands behind the ten worst, and what is wrong with it is not told again
    title: title ?? `${named ?? check} stands with others of ${check}.`,
    value: value ?? null,
    threshold: threshold ?? null,
  };
}

function groupOf(check: string, title: string, rest: readonly Seen[]): Omit<Alert, 'since'> {
  const names = rest.slice(0, NAMED).map(({ id }) => objectOf(id) ?? id);
  const more = rest.length > NAMED ? ` and ${rest.length - NAMED} more` : '';
  return {
    ...{ key: `${check}:*`, check, object: '*', threshold: null, value: rest.length },
    severity: worst(rest),
    title: `${title}: ${rest.length} more (${names.join(', ')}${more}).`,
  };
}

function worst(findings: readonly Seen[]): Severity {
  return SEVERITIES[Math.max(...findings.map(({ severity }) => SEVERITIES.indexOf(severity)))] ?? 'alert';
}

const checkOf = (key: string): string => key.split(':', 1)[0] ?? key;
const objectOf = (key: string): string | null => (key.includes(':') ? key.slice(key.indexOf(':') + 1) : null);

function worstFirst(a: Standing, b: Standing): number {
  return (
    Number(a.calm) - Number(b.calm) ||
    SEVERITIES.indexOf(b.severity) - SEVERITIES.indexOf(a.severity) ||
    a.since - b.since
  );
}
