import { plainBytes, plainInstant } from './plain.ts';
import { type Cell, type Converted, type Converter, kindOf, refusal } from './value.ts';

const DAY = /^\s*(\d{4})-(\d{2})-(\d{2})/;
const CLOCK = /^(\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?/;
const ZONE = /^\s*(Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)$/i;
const NUMBER = /^\s*[+-]?\d+(\.\d+)?\s*$/;

/** Seconds since 1970 that are taken for a time: from 1973 (an INTEGER of less is more likely something else) to 2100. */
const SECONDS = { from: 100_000_000, to: 4_102_444_800 };
/** Days of the Julian calendar, in which SQLite reckons, of the years 1900 to 2100. */
const JULIAN = { from: 2_415_020.5, to: 2_488_069.5, epoch: 2_440_587.5 };

export type Epoch = 'epoch_s' | 'epoch_ms' | 'epoch_us' | 'julian';
const PER_SECOND: Readonly<Record<Exclude<Epoch, 'julian'>, number>> = {
  ...{ epoch_s: 1, epoch_ms: 1_000, epoch_us: 1_000_000 },
};

interface TimeOptions {
  /** What numbers are; by their size where it is not said. */
  readonly epoch?: Epoch | undefined;
  /** Of text that says none; `+00` where it is not said. Undefined for a type that has none. */
  readonly zone: string | undefined;
}

/** `timestamp with time zone`, or `timestamp` where no zone is given. */
export function toTimestamp({ epoch, zone }: TimeOptions): Converter {
  return (cell, note) => {
    if (cell === null) return null;
    if (typeof cell === 'bigint' || typeof cell === 'number')
      return fromNumber(Number(cell), epoch, zone, note);
    if (typeof cell !== 'string') return refusal(`${kindOf(cell)} that is no time`);
    if (NUMBER.test(cell)) return fromNumber(Number(cell), epoch, zone, note);
    return fromText(cell, zone, note);
  };
}

function fromNumber(
  value: number,
  epoch: Epoch | undefined,
  zone: string | undefined,
  note: (what: string) => void,
): Converted {
  const unit = epoch ?? unitOf(value);
  if (unit === undefined) return refusal('a number that is no plausible time');
  const micros = microsOf(value, unit);
  const days = Math.floor(micros / DAY_MICROS);
  if (!(days >= DAYS.from && days < DAYS.to)) return refusal('a number beyond the years 1 to 9999');
  note(unit);
  return `${dayText(days)} ${clockText(micros - days * DAY_MICROS)}${zone === undefined ? '' : '+00'}`;
}

function microsOf(value: number, unit: Epoch): number {
  const seconds = unit === 'julian' ? (value - JULIAN.epoch) * 86_400 : value / PER_SECOND[unit];
  // a double has microseconds until 2255; those of a Julian day are not to be had
  return unit === 'epoch_us'
    ? Math.round(value)
    : Math.round(unit === 'julian' ? seconds * 1e3 : seconds * 1e6) * (unit === 'julian' ? 1e3 : 1);
}

/** Microseconds since 1970, the same that {@link toTimestamp} makes; undefined for what is not plainly one, and where a double would round them. */
export interface Instants {
  readonly cell: (cell: Cell) => number | undefined;
  /** Of an integer. */
  readonly integer: (value: number) => number | undefined;
  /** Of the bytes of a text. */
  readonly text: (bytes: Uint8Array, at: number, length: number) => number | undefined;
}

export function instantsOf({ epoch, zone }: TimeOptions): Instants {
  const [, sign, hours = 0, minutes = 0] = /^([+-])(\d\d):?(\d\d)?$/.exec(zone ?? '+00') ?? [];
  const offset = (Number(hours) * 3600 + Number(minutes) * 60) * (sign === '-' ? -1e6 : 1e6);
  const text: Instants['text'] = (bytes, at, length) => {
    const there = plainInstant(bytes, at, length);
    return there !== undefined && Math.abs(there) <= SAFE ? there - offset : undefined;
  };
  const integer: Instants['integer'] = (value) => {
    const unit = epoch ?? unitOf(value);
    const micros = unit === undefined || unit === 'julian' ? Number.NaN : microsOf(value, unit);
    return Math.abs(micros) <= SAFE ? micros : undefined;
  };
  const cell: Instants['cell'] = (cell) => {
    if (typeof cell === 'bigint') return integer(Number(cell));
    const bytes = typeof cell === 'string' ? plainBytes(cell) : undefined;
    return bytes === undefined ? undefined : text(bytes, 0, (cell as string).length);
  };
  return { cell, integer, text };
}

/** Of the years 1685 to 2255. */
const SAFE = Number.MAX_SAFE_INTEGER - 1e15;

const DAY_MICROS = 86_400e6;
/** Days since 1970 of the years 1 to 9999. */
const DAYS = { from: -719_162, to: 2_932_897 };
/** Times of a column lie on few days. */
const days = new Map<number, string>();
const REMEMBERED = 10_000;

function dayText(day: number): string {
  const known = days.get(day);
  if (known !== undefined) return known;
  const text = new Date(day * 86_400_000).toISOString().slice(0, 10);
  if (days.size >= REMEMBERED) days.clear();
  days.set(day, text);
  return text;
}

const PAIRS = Array.from({ length: 60 }, (_, n) => String(n).padStart(2, '0'));

function clockText(micros: number): string {
  const seconds = Math.floor(micros / 1e6);
  const rest = micros - seconds * 1e6;
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return `${PAIRS[h]}:${PAIRS[m]}:${PAIRS[s]}.${String(rest).padStart(6, '0')}`;
}

function unitOf(value: number): Epoch | undefined {
  const size = Math.abs(value);
  if (size >= SECONDS.from && size <= SECONDS.to) return 'epoch_s';
  if (size >= SECONDS.from * 1e3 && size <= SECONDS.to * 1e3) return 'epoch_ms';
  if (size >= SECONDS.from * 1e6 && size <= SECONDS.to * 1e6) return 'epoch_us';
  return !Number.isInteger(value) && value >= JULIAN.from && value <= JULIAN.to ? 'julian' : undefined;
}

function fromText(text: string, zone: string | undefined, note: (what: string) => void): Converted {
  const day = DAY.exec(text);
  if (day === null)
    return refusal(text === '' ? 'an empty text, which is no time' : 'a text that is no time');
  if (!isDay(day)) return refusal('a day that there is not');
  const rest = text.slice(day[0].length);
  const date = day[0].trim();
  if (rest.trim() === '') {
    note('day');
    return `${date} 00:00:00${zone ?? ''}`;
  }
  const clock = /^[T ]\s*/i.test(rest) ? CLOCK.exec(rest.replace(/^[T ]\s*/i, '')) : null;
  if (clock === null) return refusal('a text that is no time');
  if (!isClock(clock)) return refusal('a time of day that there is not');
  const behind = rest.replace(/^[T ]\s*/i, '').slice(clock[0].length);
  const said = behind.trim() === '' ? undefined : ZONE.exec(behind)?.[1];
  if (said === undefined && behind.trim() !== '') return refusal('a text with something behind its time');
  if ((clock[4]?.length ?? 0) > 6 && /[1-9]/.test(clock[4]?.slice(6) ?? '')) note('rounded');
  note(said === undefined ? 'text' : 'zoned');
  const offset = zone === undefined || said === undefined ? zone : /^[a-z]/i.test(said) ? '+00' : said;
  if (zone === undefined && said !== undefined && !/^(Z|UTC|GMT|[+-]00:?(00)?)$/i.test(said))
    return refusal('a time with a zone, which this type has none of');
  return `${date} ${clock[0].replace(',', '.')}${offset ?? ''}`;
}

/** `date`: a day, also as a time at its beginning. */
export const toDate: Converter = (cell) => {
  if (cell === null) return null;
  if (typeof cell !== 'string') return refusal(`${kindOf(cell)} that is no day`);
  const day = DAY.exec(cell);
  if (day === null) return refusal(cell === '' ? 'an empty text, which is no day' : 'a text that is no day');
  if (!isDay(day)) return refusal('a day that there is not');
  return /^([T ]\s*00:00(:00([.,]0+)?)?)?\s*$/i.test(cell.slice(day[0].length))
    ? day[0].trim()
    : refusal('a day with a time, which a date would lose');
};

/** `time`, without a zone. */
export const toTime: Converter = (cell) => {
  if (cell === null) return null;
  const clock = typeof cell === 'string' ? CLOCK.exec(cell.trim()) : null;
  if (clock === null || typeof cell !== 'string' || clock[0] !== cell.trim())
    return refusal(
      cell === '' ? 'an empty text, which is no time' : `${kindOf(cell)} that is no time of day`,
    );
  return isClock(clock) ? clock[0].replace(',', '.') : refusal('a time of day that there is not');
};

function isDay([, y, m, d]: RegExpExecArray): boolean {
  const [year, month, day] = [Number(y), Number(m), Number(d)];
  if (year < 1 || month < 1 || month > 12 || day < 1) return false;
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return day <= ([31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] ?? 0);
}

const isClock = ([, h, m, s = '00']: RegExpExecArray): boolean =>
  Number(h) < 24 && Number(m) < 60 && Number(s) < 60;
