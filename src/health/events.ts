import { databasePoll, type databaseStats } from '../db/queries/database.ts';
import type { RowOf } from '../db/query.ts';
import type { Counted } from '../monitor/derived/growth.ts';
import type { Window } from '../monitor/derived/rates.ts';
import type { Facts } from './check.ts';
import type { Found, Judgement } from './finding.ts';
import { notYet } from './window.ts';

type DatabaseRow = RowOf<typeof databaseStats>;

/** What happens seldom, counted per database. */
export const databaseEvents: Counted<DatabaseRow> = {
  poll: databasePoll,
  key: ({ datname }) => datname,
  counters: ({ deadlocks, temp_files, temp_bytes }) => ({ deadlocks, temp_files, temp_bytes }),
  at: ({ server_ms }) => server_ms,
  epoch: ({ datid, stats_reset }) => `${datid} ${stats_reset ?? ''}`,
};
type Counter = 'deadlocks' | 'temp_files' | 'temp_bytes';

/** What `describe` finds of each database in which something was counted lately, the others left aside. */
export function foundLately(
  counter: Counter,
  { figures }: Facts,
  describe: (row: DatabaseRow, window: Window) => Found | undefined,
): Judgement {
  const judged = figures.rows(databasePoll).map((row) => {
    const window = figures.growth.of(databaseEvents, row.datname);
    const grown = window?.delta[counter] ?? 0;
    const found = window && grown > 0 ? describe(row, window) : undefined;
    return {
      found,
      unknown: notYet(row[counter], grown, window, figures.growth.reset(databaseEvents, row.datname)),
    };
  });
  const unknown = judged.find((one) => one.unknown !== undefined)?.unknown;
  return { findings: judged.flatMap(({ found }) => found ?? []), ...(unknown && { unknown }) };
}
