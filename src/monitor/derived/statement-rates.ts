import type { statementCounters } from '../../db/queries/statements.ts';
import type { RowOf } from '../../db/query.ts';
import { Rates, type Window } from './rates.ts';

type Counters = RowOf<typeof statementCounters>;

const WINDOW = 60;
/** What is slow is rare: it is judged by an hour. */
const HOUR = 3600;
/** Between two readings of an hour that are kept. */
const APART_MS = 30_000;

/** What one statement did in the last minute. */
export interface StatementRate {
  readonly callsPerSecond: number;
  /** Milliseconds of execution per second of wall time: 1000 is one backend fully busy. */
  readonly execMsPerSecond: number;
  readonly meanMs: number | null;
  readonly rowsPerCall: number | null;
}

/**
 * One row per user, database, query and nesting level: what pg_stat_statements counts apart. What is hidden from this
 * role has no query id: its fastest and its slowest call tell it from others as long as neither is outdone.
 */
export function statementKey(row: Counters): string {
  const id = row.queryid ?? `hidden ${row.min_exec_ms} ${row.max_exec_ms}`;
  return `${row.userid}/${row.dbid}/${id}/${row.toplevel}`;
}

/** What ran of some statements, and within how many seconds. */
interface Grown {
  readonly seconds: number;
  readonly statements: readonly StatementGrowth[];
}

/** A statement with what was counted of it lately. */
export interface StatementGrowth {
  readonly row: Counters;
  readonly calls: number;
  readonly meanMs: number;
}

/** Windows over the counters of the statements that were read; those that fall out of the list are forgotten. */
export class StatementRates {
  readonly #minute = new Windows(WINDOW, 0);
  readonly #hour = new Windows(HOUR, APART_MS);
  #seen: unknown;
  /** Of the rows that were seen last; counting anew would come to the same. */
  #grown: { readonly made: Grown | undefined } | undefined;

  /** @param at the server's clock in ms when the rows were read */
  observe(rows: readonly Counters[], at: number): void {
    if (rows === this.#seen) return;
    this.#seen = rows;
    this.#grown = undefined;
    this.#minute.observe(rows, at);
    this.#hour.observe(rows, at);
  }

  of(row: Counters): StatementRate | undefined {
    const window = this.#minute.of(row, WINDOW);
    if (window === undefined) return undefined;
    const { calls = 0, ms = 0, rows = 0 } = window.delta;
    return {
      callsPerSecond: calls / window.seconds,
      execMsPerSecond: ms / window.seconds,
      meanMs: calls > 0 ? ms / calls : null,
      rowsPerCall: calls > 0 ? rows / calls : null,
    };
  }

  /** What ran within up to an hour, of these rows, and how long that window is so far; undefined before two readings. */
  grown(rows: readonly Counters[]): Grown | undefined {
    if (rows !== this.#seen) return this.#grownOf(rows);
    this.#grown ??= { made: this.#grownOf(rows) };
    return this.#grown.made;
  }

  #grownOf(rows: readonly Counters[]): Grown | undefined {
    const windows = rows.flatMap((row) => {
      const window = this.#hour.of(row, HOUR);
      return window ? [{ row, window }] : [];
    });
    if (windows.length === 0) return undefined;
    return {
      seconds: Math.max(...windows.map(({ window }) => window.seconds)),
      statements: windows.flatMap(({ row, window: { delta } }) => {
        const { calls = 0, ms = 0 } = delta;
        return calls > 0 ? [{ row, calls, meanMs: ms / calls }] : [];
      }),
    };
  }
}

const NOTHING = { calls: 0, ms: 0, rows: 0 };

/** Windows of one length, by statement. */
class Windows {
  readonly #seconds: number;
  readonly #apart: number;
  #rates = new Map<string, Rates>();
  /** When all there were had been read, last; undefined where only some were. */
  #completeAt: number | undefined;

  constructor(seconds: number, apartMs: number) {
    this.#seconds = seconds;
    this.#apart = apartMs;
  }

  observe(rows: readonly Counters[], at: number): void {
    const next = new Map<string, Rates>();
    for (const row of rows) {
      // two of those that are hidden may be taken for one, and the one's calls for the growth of the other
      if (row.queryid === null) continue;
      const key = statementKey(row);
      // 17+: stats_since changes when an entry was evicted and came back
      const epoch = String(row.stats_since_us ?? '');
      const rates = this.#rates.get(key) ?? this.#begun(epoch);
      rates.push({
        at,
        epoch,
        counters: { calls: row.calls ?? 0, ms: row.total_exec_ms ?? 0, rows: row.rows ?? 0 },
      });
      next.set(key, rates);
    }
    this.#rates = next;
    this.#completeAt = rows[0]?.entries === rows.length ? at : undefined;
  }

  of(row: Counters, seconds: number): Window | undefined {
    return this.#rates.get(statementKey(row))?.window(seconds);
  }

  /** A statement that was not there when all were read had not run by then. */
  #begun(epoch: string): Rates {
    const rates = new Rates(this.#seconds, this.#apart);
    if (this.#completeAt !== undefined) rates.push({ at: this.#completeAt, epoch, counters: NOTHING });
    return rates;
  }
}
