/** One text for all texts that mean the same value of a type, so that what was sent and what is there can be compared. */
export type Canon = (text: string) => string;

const same: Canon = (text) => text;

/** How values of a type are compared; undefined for one that is not known here: its texts are compared as they are. */
export function canonOf(type: string): Canon {
  if (/^(smallint|integer|bigint)$/.test(type)) return integer;
  if (type === 'double precision') return (text) => String(Number(text));
  if (type === 'real') return (text) => String(Math.fround(Number(text)));
  if (/^numeric/.test(type)) return decimal;
  if (/^jsonb?$/.test(type)) return (text) => json(JSON.parse(text));
  if (/^character\(/.test(type)) return (text) => text.replace(/ +$/, '');
  const [, kind, digits] = /^(timestamp|time)(?:\((\d)\))? with(?:out)? time zone$/.exec(type) ?? [];
  const precision = digits === undefined ? 6 : Number(digits);
  if (kind === 'timestamp') return (text) => moment(text, precision);
  if (kind === 'time') return (text) => clock(text, precision);
  return same;
}

function integer(text: string): string {
  return /^(0|-?[1-9]\d*)$/.test(text) ? text : BigInt(text.replace('+', '')).toString();
}

/** Without zeros that say nothing, and without an exponent. */
function decimal(text: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^\s*([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?\s*$/.exec(text) ?? [];
  const digits = `${whole}${fraction}`;
  const point = whole.length + Number(exponent);
  const before = point > 0 ? digits.slice(0, point).padEnd(point, '0').replace(/^0+/, '') : '';
  const behind = (point >= 0 ? digits.slice(point) : '0'.repeat(-point) + digits).replace(/0+$/, '');
  const value = `${before || '0'}${behind === '' ? '' : `.${behind}`}`;
  return sign === '-' && value !== '0' ? `-${value}` : value;
}

/** With the keys of objects in order, as jsonb keeps them in one of its own. */
function json(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(json).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, inner]) => `${JSON.stringify(key)}:${json(inner)}`).join(',')}}`;
}

const MOMENT =
  /^\s*(\d{4,})-(\d\d)-(\d\d)[ T](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)\s*(Z|[+-]\d\d(?::?\d\d)?(?::\d\d)?)?( BC)?\s*$/i;

/** Days since 1970 and microseconds of the day, in UTC. */
function moment(text: string, precision: number): string {
  const [, y, m, d, time = '', zone = '', bc] = MOMENT.exec(text) ?? [];
  if (y === undefined) return text;
  const [, sign, hours = '0', minutes = '0'] = /^([+-])(\d\d):?(\d\d)?/.exec(zone) ?? [];
  const offset = (Number(hours) * 3600 + Number(minutes || 0) * 60) * (sign === '-' ? -1 : 1);
  const year = bc === undefined ? Number(y) : 1 - Number(y);
  const micros = microsOf(time, precision) - offset * 1e6;
  const days = daysOf(year, Number(m), Number(d)) + Math.floor(micros / DAY);
  return `${days}:${((micros % DAY) + DAY) % DAY}`;
}

const DAY = 86_400e6;
const clock = (text: string, precision: number): string => String(microsOf(text, precision));

function microsOf(text: string, precision: number): number {
  const [, h = '0', m = '0', s = '0', fraction = ''] =
    /^(\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?/.exec(text) ?? [];
  const unit = 10 ** (6 - precision);
  const micros = fraction === '' ? 0 : rint(Number(`0.${fraction}`) * 1e6);
  return (
    (Number(h) * 3600 + Number(m) * 60 + Number(s)) * 1e6 + Math.floor((micros + unit / 2) / unit) * unit
  );
}

/** Halves go to the even one, as rint() of C has it, by which PostgreSQL rounds. */
function rint(value: number): number {
  const down = Math.floor(value);
  const rest = value - down;
  if (rest !== 0.5) return Math.round(value);
  return down % 2 === 0 ? down : down + 1;
}

/** Days since 1970 of the Gregorian calendar, also before it was used. */
function daysOf(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const inEra = y - era * 400;
  const ofYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  return era * 146_097 + inEra * 365 + Math.floor(inEra / 4) - Math.floor(inEra / 100) + ofYear - 719_468;
}
