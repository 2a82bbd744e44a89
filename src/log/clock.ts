const TIME = /^(\d{4,6})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?(?: (.+))?$/;
const NUMERIC = /^([+-])(\d\d)(?::?(\d\d))?$/;

/**
 * Times as logs have them: by the wall clock of log_timezone, with the abbreviation of the zone. What it stands for is the
 * server's to say: `IST` is India's time, Israel's or Ireland's, and an hour of autumn comes twice.
 */
export class LogClock {
  readonly #offsets: ReadonlyMap<string, number>;

  /** Seconds east of Greenwich by abbreviation, of the server's log_timezone. */
  constructor(offsets: ReadonlyMap<string, number>) {
    this.#offsets = offsets;
  }

  /** Milliseconds since 1970; null where the text is no time of this zone. */
  read(text: string): number | null {
    const match = TIME.exec(text);
    if (match === null) return null;
    const [, year, month, day, hour, minute, second, fraction = '', zone] = match;
    const offset = this.#offset(zone);
    if (offset === undefined) return null;
    const wall = Date.UTC(
      Number(year),
      Number(month) - 1,
      Number(day),
      Number(hour),
      Number(minute),
      Number(second),
      Number(fraction.padEnd(3, '0').slice(0, 3)),
    );
    return wall - offset * 1000;
  }

  #offset(zone: string | undefined): number | undefined {
    if (zone === undefined || zone === 'UTC' || zone === 'GMT') return 0;
    const known = this.#offsets.get(zone);
    if (known !== undefined) return known;
    const [, sign, hours, minutes = '0'] = NUMERIC.exec(zone) ?? [];
    if (sign === undefined) return undefined;
    return (sign === '-' ? -1 : 1) * (Number(hours) * 3600 + Number(minutes) * 60);
  }
}
