import { count, milliseconds } from '../../text/units.ts';
import { type Column, defineView } from '../core/view.ts';
import { type StatementRow, seconds, statementsView } from './statements.ts';

/** So many are the top. */
const TOP = 5;

const load = ({ rate }: StatementRow) => rate?.execMsPerSecond ?? 0;

const columns = [
  {
    id: 'load',
    title: 'LOAD 60s',
    short: 'LOAD',
    field: { kind: 'percent', value: (s) => seconds(load(s)) },
    width: 8,
    align: 'right',
    priority: 1,
    value: load,
    cell: (s) => `${(load(s) / 10).toFixed(1)}%`,
    level: (s) => (load(s) >= 1000 ? 'alert' : 'normal'),
  },
  {
    id: 'calls_rate',
    title: 'CALLS/s',
    short: 'CALLS',
    field: { kind: 'number' },
    width: 7,
    align: 'right',
    priority: 3,
    value: (s) => s.rate?.callsPerSecond,
    format: count,
  },
  {
    id: 'mean',
    title: 'MEAN',
    field: { kind: 'duration', value: (s) => seconds(s.rate?.meanMs) },
    width: 7,
    align: 'right',
    priority: 2,
    value: (s) => s.rate?.meanMs,
    format: milliseconds,
  },
  {
    id: 'query',
    title: 'STATEMENT',
    width: 30,
    grow: true,
    share: 0.5,
    priority: 1,
    value: (s) => s.query,
    cell: (s) => s.query ?? `(${s.unknown})`,
    tone: (s) => (s.query === null ? 'muted' : undefined),
  },
] satisfies Column<StatementRow>[];

/** The statements that keep the server busy now: those of the last minute with the most execution time. */
export const loadView = defineView<StatementRow>({
  id: 'load',
  title: 'Top load',
  noun: 'statements',
  polls: statementsView.polls,
  rows: (model) =>
    (statementsView.rows(model) as readonly StatementRow[])
      .filter((s) => load(s) > 0)
      .sort((a, b) => load(b) - load(a))
      .slice(0, TOP),
  identity: statementsView.identity as (s: StatementRow) => string,
  sort: { column: 'load', descending: true },
  empty: 'No statement took time in the last minute.',
  columns,
  listedBy: 'show statements',
  ...(statementsView.query && { query: statementsView.query as (s: StatementRow) => string | null }),
  ...(statementsView.database && { database: statementsView.database }),
  detail: statementsView.detail,
});
