/** Two digits of a text; not a number where there are others. */
function pair(text: string, at: number): number {
  const [a, b] = [text.charCodeAt(at) - 48, text.charCodeAt(at + 1) - 48];
  return a >= 0 && a < 10 && b >= 0 && b < 10 ? a * 10 + b : Number.NaN;
}

const LENGTHS = [0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Days since 1970 of a text that begins with a day, `2024-01-31`; undefined where it does not, or there is no such day. */
export function plainDay(text: string): number | undefined {
  const [year, month, day] = [pair(text, 0) * 100 + pair(text, 2), pair(text, 5), pair(text, 8)];
  if (text.charCodeAt(4) !== 45 || text.charCodeAt(7) !== 45) return undefined;
  if (!(year >= 1 && month >= 1 && month <= 12 && day >= 1)) return undefined;
  const leap = month === 2 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 1 : 0;
  return day <= (LENGTHS[month] ?? 0) + leap ? daysOf(year, month, day) : undefined;
}

/** Microseconds since 1970 of `2024-01-31 08:00:00.5`, with a `T` also, and without a zone; undefined for what is written otherwise. */
export function plainInstant(text: string): number | undefined {
  const { length } = text;
  if (length < 19 || length > 26 || length === 20) return undefined;
  const between = text.charCodeAt(10);
  if ((between !== 32 && between !== 84) || text.charCodeAt(13) !== 58 || text.charCodeAt(16) !== 58)
    return undefined;
  const [h, m, s] = [pair(text, 11), pair(text, 14), pair(text, 17)];
  const day = plainDay(text);
  if (day === undefined || !(h < 24 && m < 60 && s < 60)) return undefined;
  if (length > 19 && text.charCodeAt(19) !== 46) return undefined;
  let fraction = 0;
  for (let at = 20; at < 26; at++) {
    const digit = at < length ? text.charCodeAt(at) - 48 : 0;
    if (!(digit >= 0 && digit < 10)) return undefined;
    fraction = fraction * 10 + digit;
  }
  const micros = day * 86_400e6 + (h * 3600 + m * 60 + s) * 1e6 + fraction;
  return Number.isSafeInteger(micros) ? micros : undefined;
}

/** Days since 1970 of the Gregorian calendar, also before it was used. */
export function daysOf(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const inEra = y - era * 400;
  const ofYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  return era * 146_097 + inEra * 365 + Math.floor(inEra / 4) - Math.floor(inEra / 100) + ofYear - 719_468;
}
