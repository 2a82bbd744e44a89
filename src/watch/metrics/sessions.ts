import { activityPoll, type activitySummary, summaryPoll } from '../../db/queries/activity.ts';
import { locksPoll } from '../../db/queries/locks.ts';
import { preparedPoll } from '../../db/queries/wal.ts';
import type { RowOf } from '../../db/query.ts';
import { columns, type Metric, ofPoll } from './metric.ts';

/** The longest of these; of none it is 0, of none that is known it is not known. */
function longest(seconds: readonly (number | null)[]): number | null {
  const known = seconds.filter((one) => one !== null);
  return known.length === 0 && seconds.length > 0 ? null : Math.max(0, ...known);
}

type Summary = RowOf<typeof activitySummary>;

const STATES: Readonly<Record<string, (row: Summary) => number | null>> = {
  active: ({ active }) => active,
  idle: ({ idle }) => idle,
  'idle in transaction': ({ idle_in_transaction }) => idle_in_transaction,
};

export const sessions: readonly Metric[] = [
  ...ofPoll(summaryPoll, [
    {
      name: 'pg_settings_max_connections',
      help: 'The setting max_connections.',
      value: ({ max_connections }) => max_connections,
    },
    {
      name: 'pgdeck_reserved_connections',
      help: 'Connections of these that only superusers and roles with a privilege get.',
      value: ({ reserved_connections }) => reserved_connections,
    },
    {
      name: 'pgdeck_connections',
      help: 'Connections in use by clients, those of pgdeck among them.',
      value: ({ clients }) => clients,
    },
    {
      name: 'pgdeck_lock_waiting_sessions',
      help: 'Sessions that wait for a lock.',
      value: ({ lock_waiting }) => lock_waiting,
    },
    {
      name: 'pgdeck_longest_transaction_seconds',
      help: 'How long the oldest transaction of a client has been open.',
      value: ({ longest_xact_seconds }) => longest_xact_seconds,
    },
    {
      name: 'pgdeck_xmin_horizon_seconds',
      help: 'How long the transaction has been open that holds back VACUUM most; 0 when there is none.',
      value: ({ horizon_seconds }) => horizon_seconds,
    },
  ]),
  ...columns(
    {
      reads: [summaryPoll],
      rows: ({ figures }) =>
        figures
          .rows(summaryPoll)
          .flatMap((row) => Object.entries(STATES).map(([state, of]) => ({ state, count: of(row) }))),
      labels: { state: ({ state }) => state },
    },
    [
      {
        name: 'pgdeck_sessions',
        help: 'Sessions of clients by what they do, without those that pgdeck watches with.',
        value: ({ count }) => count,
      },
    ],
  ),
  ...columns({ reads: [activityPoll], rows: (scrape) => [scrape] }, [
    {
      name: 'pgdeck_longest_query_seconds',
      help: 'How long the longest query of a client has been running, waits for locks included; 0 when none runs.',
      value: ({ figures }) => {
        // whose queries are hidden may be the one
        if (figures.part(activityPoll).partial) return null;
        const running = figures
          .rows(activityPoll)
          .filter(({ state, backend_type }) => state === 'active' && backend_type === 'client backend');
        return longest(running.map(({ query_seconds }) => query_seconds));
      },
    },
  ]),
  ...columns({ reads: [summaryPoll, locksPoll], rows: (scrape) => [scrape] }, [
    {
      name: 'pgdeck_lock_wait_seconds',
      help: 'The longest wait for a lock; before PostgreSQL 14 since the query began. 0 when nobody waits.',
      value: ({ figures }) =>
        longest(
          figures
            .rows(locksPoll)
            .filter(({ n_blockers }) => n_blockers > 0)
            .map(({ wait_seconds, query_seconds }) => wait_seconds ?? query_seconds),
        ),
    },
  ]),
  ...columns({ reads: [preparedPoll], rows: (scrape) => [scrape] }, [
    {
      name: 'pgdeck_prepared_transactions',
      help: 'Transactions that are prepared and not ended.',
      value: ({ figures }) => figures.rows(preparedPoll).length,
    },
  ]),
];
