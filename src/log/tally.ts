import { isAtLeast, type LogEntry } from './entry.ts';
import { HOUR_MS, type LogFact, type LogMessage } from './fact.ts';
import { GRAVE, type GraveKind, meaningOf, statementDuration } from './meaning.ts';

const MINUTE_MS = 60_000;
/** Kinds of messages kept of a minute: what makes new ones all the time is counted and not listed. */
const KINDS = 200;
const TOP = 5;
const LONGEST = 300;

interface Minute {
  errors: number;
  timeouts: number;
  ended: number;
  slow: number;
  unknown: number;
  readonly classes: Map<string | null, number>;
  readonly messages: Map<string, LogMessage>;
  readonly grave: Map<GraveKind, LogMessage>;
}

/** Counts entries by minutes of the last hour. */
export class Tally {
  readonly #minutes = new Map<number, Minute>();
  readonly #slowMs: number;

  /** From `slowMs` on a statement counts as slow. */
  constructor(slowMs: number) {
    this.#slowMs = slowMs;
  }

  add(entry: LogEntry): void {
    const { at } = entry;
    // a line of some program: it has no time to be counted at
    if (at === null) return;
    const minute = this.#minute(at);
    const meaning = meaningOf(entry);
    if (meaning !== undefined && meaning !== 'timeout' && meaning !== 'ended') {
      const before = minute.grave.get(meaning);
      minute.grave.set(meaning, messageOf(entry, at, before));
    }
    if (entry.severity === null) minute.unknown++;
    else if (isAtLeast(entry, 'error')) this.#error(minute, entry, at, meaning);
    else if ((statementDuration(entry) ?? 0) >= this.#slowMs) minute.slow++;
  }

  #error(minute: Minute, entry: LogEntry, at: number, meaning: ReturnType<typeof meaningOf>): void {
    if (meaning === 'ended') {
      minute.ended++;
      return;
    }
    minute.errors++;
    if (meaning === 'timeout') minute.timeouts++;
    const state = entry.sqlstate?.slice(0, 2) ?? null;
    minute.classes.set(state, (minute.classes.get(state) ?? 0) + 1);
    const key = keyOf(entry);
    const known = minute.messages.get(key);
    if (known !== undefined || minute.messages.size < KINDS)
      minute.messages.set(key, messageOf(entry, at, known));
  }

  /** What was counted from a time to another, an hour at most. */
  fact(
    from: number,
    until: number,
    { source, slowFrom }: { readonly source: string; readonly slowFrom: number | null },
  ): LogFact {
    const begin = Math.max(from, until - HOUR_MS);
    for (const key of this.#minutes.keys())
      if ((key + 1) * MINUTE_MS <= until - HOUR_MS) this.#minutes.delete(key);
    const minutes = [...this.#minutes.values()];
    const sum = (of: (minute: Minute) => number) => minutes.reduce((total, one) => total + of(one), 0);
    const slow = sum((minute) => minute.slow);
    const classes = new Map<string | null, number>();
    for (const minute of minutes)
      for (const [state, count] of minute.classes) classes.set(state, (classes.get(state) ?? 0) + count);
    return {
      source,
      from: begin,
      until,
      errors: sum((minute) => minute.errors),
      timeouts: sum((minute) => minute.timeouts),
      ended: sum((minute) => minute.ended),
      classes: [...classes]
        .map(([state, count]) => ({ class: state, count }))
        .sort((a, b) => b.count - a.count),
      top: merged(minutes.map(({ messages }) => messages))
        .map(([, message]) => message)
        .sort((a, b) => b.count - a.count || b.at - a.at)
        .slice(0, TOP),
      grave: merged(minutes.map(({ grave }) => grave))
        .map(([kind, message]) => ({ kind, ...message }))
        .sort((a, b) => GRAVE.indexOf(a.kind) - GRAVE.indexOf(b.kind)),
      slow:
        slowFrom === null && slow === 0
          ? null
          : { count: slow, aboveMs: Math.max(slowFrom ?? 0, this.#slowMs) },
      unknown: sum((minute) => minute.unknown),
    };
  }

  #minute(at: number): Minute {
    const key = Math.floor(at / MINUTE_MS);
    const known = this.#minutes.get(key);
    if (known !== undefined) return known;
    const counts = { errors: 0, timeouts: 0, ended: 0, slow: 0, unknown: 0 };
    const minute: Minute = { ...counts, classes: new Map(), messages: new Map(), grave: new Map() };
    this.#minutes.set(key, minute);
    // of clocks that are set back and forth, too, no more than an hour is kept
    for (const other of this.#minutes.keys()) {
      if (this.#minutes.size <= 2 * 60) break;
      this.#minutes.delete(other);
    }
    return minute;
  }
}

/** What is the same message with other numbers and values in it. */
function keyOf({ severity, sqlstate, message }: LogEntry): string {
  return `${severity} ${sqlstate} ${firstLine(message).replace(/\d+/g, '0')}`;
}

function messageOf(entry: LogEntry, at: number, before: LogMessage | undefined): LogMessage {
  const count = (before?.count ?? 0) + 1;
  if (before !== undefined && before.at > at) return { ...before, count };
  const { severity, sqlstate, message } = entry;
  return { severity: severity ?? 'log', sqlstate, message: firstLine(message), count, at };
}

function firstLine(message: string): string {
  const [line = ''] = message.split('\n', 1);
  return line.length > LONGEST ? `${line.slice(0, LONGEST)}…` : line;
}

function merged<Key>(all: readonly ReadonlyMap<Key, LogMessage>[]): [Key, LogMessage][] {
  const sums = new Map<Key, LogMessage>();
  for (const some of all)
    for (const [key, message] of some) {
      const before = sums.get(key);
      const last = before !== undefined && before.at > message.at ? before : message;
      sums.set(key, { ...last, count: message.count + (before?.count ?? 0) });
    }
  return [...sums];
}
