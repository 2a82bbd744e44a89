/** Shown where a value is not known. Never 0: an unknown lag is not "no lag". */
export const UNKNOWN = '-';

type Maybe = number | null | undefined;

const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;

/** Bytes in PostgreSQL's own units (1 kB = 1024 B), at most three digits: `812 B`, `1.4 MB`, `227 GB`. */
export function bytes(value: Maybe): string {
  if (value === null || value === undefined || Number.isNaN(value)) return UNKNOWN;
  let n = Math.abs(value);
  let unit = 0;
  while (n >= 999.5 && unit < BYTE_UNITS.length - 1) {
    n /= 1024;
    unit++;
  }
  const digits = unit === 0 ? Math.round(n).toString() : n < 9.95 ? n.toFixed(1) : Math.round(n).toString();
  return `${value < 0 ? '-' : ''}${digits} ${BYTE_UNITS[unit]}`;
}

/** A duration in at most six characters (until 274 years): `0.4s`, `12s`, `3m05s`, `2h07m`, `4d03h`, `120d`. */
export function duration(seconds: Maybe): string {
  if (seconds === null || seconds === undefined || Number.isNaN(seconds)) return UNKNOWN;
  const s = Math.max(0, seconds);
  // 9.96 is no ten yet, and whole seconds would make nine of it
  if (s < 10) return `${Math.min(s, 9.9).toFixed(1)}s`;
  const whole = Math.floor(s);
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m${two(whole % 60)}s`;
  if (whole < 86_400) return `${Math.floor(whole / 3600)}h${two(Math.floor((whole % 3600) / 60))}m`;
  if (whole >= 8_640_000) return `${Math.floor(whole / 86_400)}d`;
  return `${Math.floor(whole / 86_400)}d${two(Math.floor((whole % 86_400) / 3600))}h`;
}

/** Milliseconds as shown for statements: `0.04ms`, `12ms`, `1.2s`. */
export function milliseconds(value: Maybe): string {
  if (value === null || value === undefined || Number.isNaN(value)) return UNKNOWN;
  if (value >= 1000) return duration(value / 1000);
  return `${value < 1 ? value.toFixed(2) : value < 10 ? value.toFixed(1) : Math.round(value)}ms`;
}

/** A number of which every digit counts: `1,234,567`. */
export function exact(n: number): string {
  // the tables of a locale take 10 ms to load, and the first frame has small numbers only
  return Number.isInteger(n) && Math.abs(n) < 1000 ? String(n) : n.toLocaleString('en-US');
}

/** `1 table`, `1,234 tables`, `2 indexes`; `words` where the ending does not make several of it. */
export function plural(n: number, word: string, words = several(word)): string {
  return `${exact(n)} ${n === 1 ? word : words}`;
}

function several(word: string): string {
  return /(?:s|x|ch|sh)$/.test(word) ? `${word}es` : `${word}s`;
}

/** The same, rounded as {@link count} does: `1 dead row`, `12k dead rows`. */
export function roughly(n: number, word: string): string {
  return `${count(n)} ${n === 1 ? word : several(word)}`;
}

/** A count in at most five characters: `812`, `1.4k`, `227k`, `3.1M`. */
export function count(value: Maybe): string {
  if (value === null || value === undefined || Number.isNaN(value)) return UNKNOWN;
  const n = Math.abs(value);
  const sign = value < 0 ? '-' : '';
  if (n < 999.5) return `${sign}${n < 9.95 && !Number.isInteger(n) ? n.toFixed(1) : Math.round(n)}`;
  for (const [limit, suffix] of [
    [1e3, 'k'],
    [1e6, 'M'],
    [1e9, 'G'],
    [1e12, 'T'],
  ] as const) {
    const scaled = n / limit;
    if (scaled < 999.5) return `${sign}${scaled < 9.95 ? scaled.toFixed(1) : Math.round(scaled)}${suffix}`;
  }
  return value.toExponential(1);
}

/** A share of 1 as a percentage with one decimal: `99.2%`; 100 only when it is exactly that. */
export function percent(share: Maybe): string {
  if (share === null || share === undefined || Number.isNaN(share)) return UNKNOWN;
  if (share === 1) return '100%';
  const shown = (Math.floor(share * 1000) / 10).toFixed(1);
  return `${shown}%`;
}

/** A time to the second, by the clock of this machine: `2026-11-20 02:30:00`. */
export function moment(at: string | Date): string {
  const date = new Date(at);
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-');
  return `${day} ${[date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':')}`;
}

/**
 * A duration as people type it (`10m`, `90s`, `1h30m`, `2d`) in seconds; undefined if it is none. A number without a
 * unit is none: one reader takes it for seconds, the next for minutes.
 */
export function parseDuration(text: string): number | undefined {
  const input = text.trim();
  const pattern = /(\d+(?:\.\d+)?)\s*(ms|min|m|s|h|d)/gy;
  const scale = { ms: 0.001, s: 1, m: 60, min: 60, h: 3600, d: 86_400 } as const;
  let total = 0;
  let end = 0;
  for (let m = pattern.exec(input); m !== null; m = pattern.exec(input)) {
    total += Number(m[1]) * scale[m[2] as keyof typeof scale];
    end = pattern.lastIndex;
  }
  return end > 0 && end === input.length ? total : undefined;
}

/** Seconds as they would be typed: `10m`, `1h30m`, `90.5s`. {@link parseDuration} reads it back exactly. */
export function durationText(seconds: number): string {
  let rest = seconds;
  let text = '';
  for (const [unit, size] of [
    ['d', 86_400],
    ['h', 3600],
    ['m', 60],
  ] as const) {
    const whole = Math.floor(rest / size);
    if (whole > 0) text += `${whole}${unit}`;
    rest -= whole * size;
  }
  return rest > 0 || text === '' ? `${text}${rest}s` : text;
}

function two(n: number): string {
  return String(n).padStart(2, '0');
}
