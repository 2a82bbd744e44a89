/** How old something is, as people type it: months and days of the calendar, and minutes of the clock. */
export interface Age {
  readonly months: number;
  readonly days: number;
  readonly minutes: number;
}

const UNITS: Readonly<Record<string, (n: number) => Partial<Age>>> = {
  y: (n) => ({ months: 12 * n }),
  mo: (n) => ({ months: n }),
  w: (n) => ({ days: 7 * n }),
  d: (n) => ({ days: n }),
  h: (n) => ({ minutes: 60 * n }),
  min: (n) => ({ minutes: n }),
};

/** What an age looks like, for who has typed another one. */
export const AGE_EXPECTED = 'expected a number with its unit, such as 90d, 12h, 3mo or 1y';

/** Why a text is no age; undefined when it is one. `m` is none: one reader takes it for minutes, the next for months. */
export function badAge(text: string): string | undefined {
  const given = text.trim();
  if (/^[+]?\d+([.]\d+)?$/.test(given)) return `${AGE_EXPECTED}: ${given} has no unit`;
  if (given.startsWith('-')) return `expected an age: ${given} ago is in the future`;
  const age = ageOf(given);
  if (age === undefined) return AGE_EXPECTED;
  if (age.months + age.days + age.minutes === 0) return 'expected an age of more than nothing';
  return undefined;
}

/** An age such as `90d`, `12h` or `1y6mo`; undefined for what is none. */
export function ageOf(text: string): Age | undefined {
  const given = text.trim();
  const pattern = /(\d{1,7})\s*(y|mo|w|d|h|min)(?![a-z])\s*/gy;
  const age = { months: 0, days: 0, minutes: 0 };
  let end = 0;
  for (let found = pattern.exec(given); found !== null; found = pattern.exec(given)) {
    const part = UNITS[found[2] ?? '']?.(Number(found[1])) ?? {};
    age.months += part.months ?? 0;
    age.days += part.days ?? 0;
    age.minutes += part.minutes ?? 0;
    end = pattern.lastIndex;
  }
  return end > 0 && end === given.length ? age : undefined;
}
