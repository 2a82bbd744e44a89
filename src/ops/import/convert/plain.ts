/** Two digits of a text; not a number where there are others. */
function pair(text: Uint8Array, at: number): number {
  const [a, b] = [(text[at] ?? 0) - 48, (text[at + 1] ?? 0) - 48];
  return a >= 0 && a < 10 && b >= 0 && b < 10 ? a * 10 + b : Number.NaN;
}

const LENGTHS = [0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
/** Of the longest that is plain. */
const LONGEST = 26;
const scratch = new Uint8Array(LONGEST);

/** The bytes of a text that is short enough to be plain, until the next one; undefined for a longer one. */
export function plainBytes(text: string): Uint8Array | undefined {
  if (text.length > LONGEST) return undefined;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    // none of them stands in one
    scratch[at] = code < 128 ? code : 0;
  }
  return scratch;
}

/** Days since 1970 of a text that begins with a day, `2024-01-31`; undefined where it does not, or there is no such day. */
export function plainDay(text: Uint8Array, at = 0): number | undefined {
  const [year, month, day] = [
    pair(text, at) * 100 + pair(text, at + 2),
    pair(text, at + 5),
    pair(text, at + 8),
  ];
  if (text[at + 4] !== 45 || text[at + 7] !== 45) return undefined;
  if (!(year >= 1 && month >= 1 && month <= 12 && day >= 1)) return undefined;
  const leap = month === 2 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 1 : 0;
  return day <= (LENGTHS[month] ?? 0) + leap ? daysOf(year, month, day) : undefined;
}

/** Microseconds since 1970 of `2024-01-31 08:00:00.5`, with a `T` also, and without a zone; undefined for what is written otherwise. */
export function plainInstant(text: Uint8Array, at: number, length: number): number | undefined {
  if (length < 19 || length > LONGEST || length === 20) return undefined;
  const between = text[at + 10];
  if ((between !== 32 && between !== 84) || text[at + 13] !== 58 || text[at + 16] !== 58) return undefined;
  const [h, m, s] = [pair(text, at + 11), pair(text, at + 14), pair(text, at + 17)];
  const day = plainDay(text, at);
  if (day === undefined || !(h < 24 && m < 60 && s < 60)) return undefined;
  if (length > 19 && text[at + 19] !== 46) return undefined;
  let fraction = 0;
  for (let place = 20; place < LONGEST; place++) {
    const digit = place < length ? (text[at + place] ?? 0) - 48 : 0;
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
