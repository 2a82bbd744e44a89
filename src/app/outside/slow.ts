import type { Thresholds } from '../../config/thresholds.ts';
import { isOwnStatement, statementsPoll, statementTextsPoll } from '../../db/queries/statements.ts';
import { shortened } from '../../health/checks/slow-statements.ts';
import type { Figures } from '../../monitor/figures.ts';
import { count, milliseconds, plural } from '../../text/units.ts';

/** Statements that are named. */
const NAMED = 3;

/**
 * Which statements are slow in the mean since pg_stat_statements counts them: what one look can say, where how often they
 * run now takes a longer one. Sentences, none where there is none.
 */
export function slowSoFar(
  figures: Figures,
  { slow_statement_ms: limit }: Pick<Thresholds, 'slow_statement_ms'>,
): string[] {
  const texts = new Map(figures.rows(statementTextsPoll).map(({ queryid, query }) => [queryid, query]));
  const slow = figures
    .rows(statementsPoll)
    .filter(
      ({ mean_exec_ms, queryid }) =>
        mean_exec_ms >= limit && !isOwnStatement(texts.get(queryid ?? '') ?? null),
    )
    .toSorted((one, other) => other.mean_exec_ms - one.mean_exec_ms);
  if (slow.length === 0) return [];
  const named = slow.slice(0, NAMED).map(({ queryid, calls, mean_exec_ms }) => {
    const text = texts.get(queryid ?? '') ?? null;
    return `${milliseconds(mean_exec_ms)}, ${count(calls)} times: ${text === null ? (queryid === null ? 'hidden from this role' : `query id ${queryid}`) : shortened(text)}`;
  });
  return [
    `${plural(slow.length, 'statement')} ${slow.length === 1 ? 'takes' : 'take'} ${milliseconds(limit)} or more in the mean since they are counted: ${named.join('; ')}${slow.length > NAMED ? '; pgdeck show statements has all' : ''}.`,
  ];
}
