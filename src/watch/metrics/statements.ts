import { databasePoll } from '../../db/queries/database.ts';
import { isOwnStatement, statementsPoll, statementTextsPoll } from '../../db/queries/statements.ts';
import { columns, counters, type Metric, type Scrape } from './metric.ts';

/** Statements that get series: those with the most execution time. */
const STATEMENTS = 50;

interface Statement {
  readonly datname: string;
  readonly queryid: string;
  readonly calls: number;
  readonly seconds: number;
  readonly rows: number;
}

/** By database and query, over all roles; without what pgdeck asks. */
function statementsOf({ figures }: Scrape): readonly Statement[] {
  const names = new Map(figures.rows(databasePoll).map(({ datid, datname }) => [datid, datname]));
  const own = new Set(
    figures
      .rows(statementTextsPoll)
      .flatMap(({ queryid, query }) => (isOwnStatement(query) ? [queryid] : [])),
  );
  const found = new Map<string, Statement>();
  for (const { dbid, queryid, calls, total_exec_ms, rows } of figures.rows(statementsPoll)) {
    const datname = names.get(dbid);
    if (queryid === null || datname === undefined || own.has(queryid)) continue;
    const key = `${dbid}/${queryid}`;
    const before = found.get(key);
    found.set(key, {
      ...{ datname, queryid },
      calls: calls + (before?.calls ?? 0),
      seconds: total_exec_ms / 1000 + (before?.seconds ?? 0),
      rows: rows + (before?.rows ?? 0),
    });
  }
  return [...found.values()].sort((a, b) => b.seconds - a.seconds).slice(0, STATEMENTS);
}

/** postgres_exporter has a label `user` too. */
export const statements: readonly Metric[] = columns(
  {
    reads: [statementsPoll, databasePoll],
    labels: { datname: ({ datname }) => datname, queryid: ({ queryid }) => queryid },
    rows: statementsOf,
  },
  counters<Statement>([
    ['pg_stat_statements_calls_total', 'Times that a statement was executed.', ({ calls }) => calls],
    ['pg_stat_statements_seconds_total', 'Seconds that its executions took.', ({ seconds }) => seconds],
    ['pg_stat_statements_rows_total', 'Rows that it returned or changed.', ({ rows }) => rows],
  ]),
);
