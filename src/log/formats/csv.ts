import type { LogClock } from '../clock.ts';
import { BARE, type LogEntry } from '../entry.ts';
import { SEVERITY_OF } from '../words.ts';
import type { LogParser, Reader } from './format.ts';
import { Lines } from './lines.ts';

const TIME = String.raw`\d{4,6}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{3})? [A-Za-z0-9+-]{1,12}`;

/** A row up to its message. What a statement quotes of a log has its quotes doubled, and does not match. */
const BEGINNING = new RegExp(
  String.raw`^${TIME},(?:"(?:[^"]|"")*")?,(?:"(?:[^"]|"")*")?,\d*,(?:"[^"]*")?,[0-9a-f.]*,\d*,(?:"[^"]*")?,(?:${TIME})?,[-\d/]*,\d*,[^,"]+,[0-9A-Z]{5},(?:"(?!")|"")`,
  'u',
);

/** More than this of a row is dropped: a statement may be as long as a gigabyte. */
const LONGEST = 2 ** 20;

/** `csvlog`: rows of which fields may have several lines. */
export function csvReader(clock: LogClock): Reader {
  return {
    timed: true,
    parser: () => new CsvParser(clock),
    startOf: (line) =>
      BEGINNING.test(line) ? (clock.read(line.slice(0, line.indexOf(','))) ?? undefined) : undefined,
  };
}

class CsvParser implements LogParser {
  readonly #lines = new Lines();
  readonly #clock: LogClock;
  /** The lines of a row so far, while a quote is open. */
  #row: string[] = [];
  #length = 0;

  constructor(clock: LogClock) {
    this.#clock = clock;
  }

  push(chunk: Buffer): LogEntry[] {
    return this.#lines.push(chunk).flatMap((line) => this.#line(line));
  }

  settle(): LogEntry[] {
    return [];
  }

  end(): LogEntry[] {
    const last = this.#lines.end().flatMap((line) => this.#line(line));
    return [...last, ...this.#take()];
  }

  get waiting(): boolean {
    return this.#lines.rest || this.#row.length > 0;
  }

  #line(line: string): LogEntry[] {
    // a row that was cut, as by a full disk, never closes its quote
    const before = this.#row.length > 0 && BEGINNING.test(line) ? this.#take() : [];
    if (this.#length < LONGEST) this.#row.push(line);
    this.#length += line.length;
    this.#open = this.#open !== (quotes(line) % 2 === 1);
    return this.#open ? before : [...before, ...this.#take()];
  }

  #open = false;

  #take(): LogEntry[] {
    if (this.#row.length === 0) return [];
    const row = this.#row.join('\n');
    this.#row = [];
    this.#length = 0;
    this.#open = false;
    return entryOf(fieldsOf(row), this.#clock) ?? [];
  }
}

function quotes(line: string): number {
  let count = 0;
  for (let at = line.indexOf('"'); at >= 0; at = line.indexOf('"', at + 1)) count++;
  return count;
}

/** The fields of a row; an empty one is null, as the server writes it. */
function fieldsOf(row: string): (string | null)[] {
  const fields: (string | null)[] = [];
  const field = /"((?:[^"]|"")*)(?:"|$)|[^,]*/gy;
  for (let at = 0; at <= row.length; at = field.lastIndex + 1) {
    field.lastIndex = at;
    const [all = '', quoted] = field.exec(row) ?? [];
    fields.push(quoted === undefined ? (all === '' ? null : all) : quoted.replaceAll('""', '"'));
    field.lastIndex = at + all.length;
  }
  return fields;
}

/** Of 13: 24 fields; later ones have more behind them. A row that was cut has fewer, and still its message. */
function entryOf(fields: readonly (string | null)[], clock: LogClock): LogEntry[] | undefined {
  const at = clock.read(fields[0] ?? '');
  const severity = fields[11] ?? null;
  if (at === null || severity === null) return undefined;
  const text = (index: number) => fields[index] ?? null;
  const pid = text(3);
  const queryId = text(25);
  return [
    {
      ...BARE,
      at,
      severity: SEVERITY_OF.get(severity.replace(/^(DEBUG)\d$/, '$1')) ?? null,
      user: text(1),
      database: text(2),
      pid: pid === null ? null : Number(pid),
      host: text(4),
      sessionId: text(5),
      sqlstate: text(12),
      message: text(13) ?? '',
      detail: text(14),
      hint: text(15),
      internal_query: text(16),
      context: text(18),
      statement: text(19),
      application: text(22) || null,
      backendType: text(23),
      queryId: queryId === '0' ? null : queryId,
    },
  ];
}
