import type { statementCounters } from '../../db/queries/statements.ts';
import type { RowOf } from '../../db/query.ts';
import { Rates } from './rates.ts';

type Counters = RowOf<typeof statementCounters>;

const WINDOW = 60;

/** What one statement did in the last minute. */
export interface StatementRate {
  readonly callsPerSecond: number;
  /** Milliseconds of execution per second of wall time: 1000 is one backend fully busy. */
  readonly execMsPerSecond: number;
  readonly meanMs: number | null;
  readonly rowsPerCall: number | null;
}

/** One row per user, database, query and nesting level: what pg_stat_statements counts apart. */
export function statementKey(row: Counters): string {
  return `${row.userid}/${row.dbid}/${row.queryid}/${row.toplevel}`;
}

/** Windows over the counters of the statements that were read; those that fall out of the list are forgotten. */
export class StatementRates {
  #rates = new Map<string, Rates>();
  #seen: unknown;

  /** @param at the server's clock in ms when the rows were read */
  observe(rows: readonly Counters[], at: number): void {
    if (rows === this.#seen) return;
    this.#seen = rows;
    const next = new Map<string, Rates>();
    for (const row of rows) {
      const key = statementKey(row);
      const rates = this.#rates.get(key) ?? new Rates(WINDOW);
      rates.push({
        at,
        // 17+: stats_since changes when an entry was evicted and came back
        epoch: String(row.stats_since_us ?? ''),
        counters: { calls: row.calls ?? 0, ms: row.total_exec_ms ?? 0, rows: row.rows ?? 0 },
      });
      next.set(key, rates);
    }
    this.#rates = next;
  }

  of(row: Counters): StatementRate | undefined {
    const window = this.#rates.get(statementKey(row))?.window(WINDOW);
    if (window === undefined) return undefined;
    const { calls = 0, ms = 0, rows = 0 } = window.delta;
    return {
      callsPerSecond: calls / window.seconds,
      execMsPerSecond: ms / window.seconds,
      meanMs: calls > 0 ? ms / calls : null,
      rowsPerCall: calls > 0 ? rows / calls : null,
    };
  }
}
