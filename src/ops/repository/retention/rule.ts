/** The tiers of a grandfather-father-son rule, finest first. */
export const TIERS = ['hourly', 'daily', 'weekly', 'monthly', 'yearly'] as const;
export type Tier = (typeof TIERS)[number];

/** Which backups of one database and scope are kept. What several parts keep is kept. */
export interface KeepRule {
  /** So many hours, days, weeks … that have backups: the newest of each. */
  readonly tiers: Readonly<Partial<Record<Tier, number>>>;
  /** All that are no older. */
  readonly days?: number;
  /** The newest ones. */
  readonly last?: number;
  /** Never fewer than so many, however old. */
  readonly min: number;
}

export const DEFAULT_KEEP = '7 daily 4 weekly 12 monthly min 2';

/** Of safety backups: one that is among the newest three or not older than a week. */
export const DEFAULT_KEEP_SAFETY = 'last 3 7 days';

const UNITS: Readonly<Record<string, Tier>> = {
  hourly: 'hourly',
  daily: 'daily',
  weekly: 'weekly',
  monthly: 'monthly',
  yearly: 'yearly',
};

const EXPECTED = 'expected a rule such as "7 daily 4 weekly 12 monthly min 2", "30 days min 3" or "last 10"';

export type ParsedRule =
  | { readonly ok: true; readonly rule: KeepRule }
  | { readonly ok: false; readonly message: string };

/** Reads a rule as people write it; a leading `keep` is allowed. */
export function parseKeep(text: string): ParsedRule {
  const words = text.trim().toLowerCase().split(/\s+/).filter(Boolean);
  if (words[0] === 'keep') words.shift();
  const tiers: Partial<Record<Tier, number>> = {};
  let rule: KeepRule = { tiers, min: 1 };
  const seen = new Set<string>();
  const bad = (why: string): ParsedRule => ({ ok: false, message: `${EXPECTED}: ${why}` });
  while (words.length > 0) {
    const [first = '', second = ''] = words.splice(0, 2);
    const named = first === 'last' || first === 'min';
    const number = named ? second : first;
    const what = named ? first : second;
    if (!/^\d{1,5}$/.test(number)) return bad(`"${number || first}" is no number`);
    const n = Number(number);
    const tier = UNITS[what];
    // the smaller of two could be the one that counts
    const part = what === 'day' ? 'days' : what;
    if (seen.has(part)) return bad(`"${what}" is said twice`);
    if (what === 'min') rule = { ...rule, min: Math.max(1, n) };
    else if (n === 0) return bad(`0 ${what} keeps nothing`);
    else if (what === 'last') rule = { ...rule, last: n };
    else if (what === 'days' || what === 'day') rule = { ...rule, days: n };
    else if (tier !== undefined) tiers[tier] = n;
    else return bad(what === '' ? `"${number}" of what?` : `"${what}" is not known`);
    seen.add(part);
  }
  return [...seen].some((part) => part !== 'min') ? { ok: true, rule } : bad('nothing is kept');
}
