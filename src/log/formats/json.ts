import type { LogClock } from '../clock.ts';
import { BARE, type LogEntry } from '../entry.ts';
import { SEVERITY_OF } from '../words.ts';
import type { LogParser, Reader } from './format.ts';
import { Lines } from './lines.ts';

type Fields = Readonly<Record<string, unknown>>;

/** `jsonlog`, from PostgreSQL 15 on: an object on each line. */
export function jsonReader(clock: LogClock): Reader {
  return {
    timed: true,
    parser: () => new JsonParser(clock),
    startOf: (line) => read(line, clock)?.at ?? undefined,
  };
}

class JsonParser implements LogParser {
  readonly #lines = new Lines();
  readonly #clock: LogClock;

  constructor(clock: LogClock) {
    this.#clock = clock;
  }

  push(chunk: Buffer): LogEntry[] {
    return this.#lines.push(chunk).flatMap((line) => read(line, this.#clock) ?? []);
  }

  settle(): LogEntry[] {
    return [];
  }

  end(): LogEntry[] {
    return this.#lines.end().flatMap((line) => read(line, this.#clock) ?? []);
  }

  get waiting(): boolean {
    return this.#lines.rest;
  }
}

/** A whole line; undefined where it is no object. */
function read(line: string, clock: LogClock): LogEntry | undefined {
  if (!line.startsWith('{')) return undefined;
  const fields = parsed(line);
  const text = (name: string): string | null => {
    const value = fields[name];
    return typeof value === 'string' ? value : null;
  };
  const number = (name: string): number | null => {
    const value = fields[name];
    return typeof value === 'number' ? value : null;
  };
  const timestamp = text('timestamp');
  const message = text('message');
  const severity = text('error_severity');
  if (timestamp === null || (message === null && severity === null)) return undefined;
  const port = number('remote_port');
  const host = text('remote_host');
  return {
    ...BARE,
    at: clock.read(timestamp),
    // DEBUG1 to DEBUG5 are one there, and a translation is the server's to make
    severity: severity === null ? null : (SEVERITY_OF.get(severity) ?? null),
    sqlstate: text('state_code'),
    pid: number('pid'),
    user: text('user'),
    database: text('dbname'),
    host: host === null || port === null ? host : `${host}:${port}`,
    application: text('application_name'),
    backendType: text('backend_type'),
    sessionId: text('session_id'),
    queryId: queryId(line),
    message: message ?? '',
    detail: text('detail'),
    hint: text('hint'),
    internal_query: text('internal_query'),
    context: text('context'),
    statement: text('statement'),
    backtrace: text('backtrace'),
  };
}

/** A line that was cut because it is too long is no JSON: its fields are read one by one. */
function parsed(line: string): Fields {
  try {
    return JSON.parse(line) as Fields;
  } catch {
    const found: Record<string, unknown> = {};
    for (const [, name = '', value = ''] of line.matchAll(/"(\w+)":("(?:[^"\\]|\\.)*"?|-?\d+)/g))
      found[name] ??= partOf(value);
    return found;
  }
}

function partOf(text: string): unknown {
  const whole = text.startsWith('"') && (text.length === 1 || !text.endsWith('"'));
  try {
    return JSON.parse(whole ? `${text.replace(/\\$/, '')}"` : text);
  } catch {
    return undefined;
  }
}

/** It may be beyond what a number holds; the server writes it behind all texts. */
function queryId(line: string): string | null {
  const [, id] = /"query_id":(-?\d+)\}?$/.exec(line) ?? [];
  return id === undefined || id === '0' ? null : id;
}
