import {
  isOwnStatement,
  statementsInfoPoll,
  statementsPoll,
  statementTextsPoll,
} from '../../db/queries/statements.ts';
import { walPositionPoll } from '../../db/queries/wal.ts';
import type { StatementGrowth } from '../../monitor/derived/statement-rates.ts';
import { cleanLine } from '../../text/clean.ts';
import { count, duration, milliseconds, plural } from '../../text/units.ts';
import { take } from '../../text/width.ts';
import { defineCheck, type Facts } from '../check.ts';
import type { Found } from '../finding.ts';
import { graded } from '../grade.ts';
import { tooShort } from '../window.ts';

/** One slow call in less would be a dozen an hour. */
const LEAST_SECONDS = 300;
const CHARS = 80;

/** What a statement does that was slow, in calls per hour. */
interface Slow {
  readonly queryid: string;
  readonly perHour: number;
  readonly meanMs: number;
  readonly text: string | undefined;
}

/** How often statements run whose mean time is beyond the setting. */
export const slowStatements = defineCheck({
  id: 'slow_statements',
  title: 'Slow statements',
  category: 'statements',
  fix: 'its plan',
  reads: [statementsPoll, walPositionPoll],
  also: [statementTextsPoll, statementsInfoPoll],
  judge: (facts) => {
    const { figures, thresholds } = facts;
    const grown = figures.statementRates.grown(figures.rows(statementsPoll));
    const unknown = tooShort(grown?.seconds, wasReset(grown?.seconds, facts), LEAST_SECONDS);
    if (grown === undefined || unknown) return unknown ? { unknown } : {};
    const slow = slowOf(grown, facts);
    const total = slow.reduce((sum, { perHour }) => sum + perHour, 0);
    const { measure, found } = graded('slow_statements_per_hour', total, thresholds);
    const evidence = evidenceOf(grown.seconds, facts);
    const single = slow.flatMap((one) => findingOf(one, evidence, facts));
    if (found === undefined || single.length > 0) return { measure, findings: single };
    return {
      measure,
      findings: [
        {
          ...found,
          title: `${plural(slow.length, 'statement')} that ${slow.length === 1 ? 'takes' : 'take'} ${milliseconds(thresholds.slow_statement_ms)} or more in the mean ran ${count(total)} times an hour.`,
          evidence,
          ...adviceOf('pgdeck show statements, pgdeck explain --statement QUERYID'),
        },
      ],
    };
  },
});

/** Whether all was forgotten within the window. */
function wasReset(seconds: number | undefined, { figures }: Facts): boolean {
  const now = figures.rows(walPositionPoll)[0]?.server_ms;
  const reset = figures.rows(statementsInfoPoll)[0]?.stats_reset ?? null;
  if (seconds === undefined || now === undefined || reset === null) return false;
  return (now - Date.parse(reset)) / 1000 <= seconds;
}

/** What to do about statements; `plan` is the command that shows the plan of one. */
const adviceOf = (plan: string) => ({
  why: 'Whoever waits for it waits that long, and meanwhile it keeps a connection, a processor or the disk busy.',
  remedy: {
    advice: `Look at its plan (${plan}): an index that is missing, old statistics, or too many rows asked for.`,
  },
});

function slowOf(
  { seconds, statements }: { seconds: number; statements: readonly StatementGrowth[] },
  { figures, thresholds }: Facts,
): Slow[] {
  const texts = new Map(figures.rows(statementTextsPoll).map(({ queryid, query }) => [queryid, query]));
  // one query is an entry for each role and database that runs it
  const byQuery = Map.groupBy(
    statements.filter(({ meanMs }) => meanMs >= thresholds.slow_statement_ms),
    ({ row }) => row.queryid ?? '',
  );
  return [...byQuery].flatMap(([queryid, of]): Slow[] => {
    const text = texts.get(queryid) ?? null;
    if (isOwnStatement(text)) return [];
    const calls = of.reduce((sum, one) => sum + one.calls, 0);
    const ms = of.reduce((sum, one) => sum + one.calls * one.meanMs, 0);
    const shown = text === null ? undefined : shortened(text);
    return [{ queryid, perHour: (calls * 3600) / seconds, meanMs: ms / calls, text: shown }];
  });
}

/** Statements that are no queries keep their literals, also a password. */
export function shortened(text: string): string {
  if (/password/i.test(text)) return '(a text that names a password is not shown)';
  const line = cleanLine(text);
  return line.length > CHARS ? `${take(line, CHARS)}…` : line;
}

function findingOf({ queryid, perHour, meanMs, text }: Slow, evidence: string, facts: Facts): Found[] {
  const { found } = graded('slow_statements_per_hour', perHour, facts.thresholds);
  if (found === undefined) return [];
  return [
    {
      object: queryid,
      ...found,
      title: `A statement ran ${count(perHour)} times an hour and took ${milliseconds(meanMs)} in the mean: ${text ?? `query id ${queryid}`}`,
      evidence,
      ...adviceOf(`pgdeck explain --statement ${queryid}`),
    },
  ];
}

function evidenceOf(seconds: number, { figures, thresholds }: Facts): string {
  const rows = figures.rows(statementsPoll);
  const listed = (rows[0]?.entries ?? 0) > rows.length;
  const evicted = figures.rows(statementsInfoPoll)[0]?.dealloc ?? 0;
  return [
    `By pg_stat_statements in the last ${duration(seconds)}, where the mean is ${milliseconds(thresholds.slow_statement_ms)} or more; without pgdeck's own.`,
    ...(listed
      ? [`Only the ${rows.length} statements with the most time are looked at: it may be more.`]
      : []),
    ...(evicted > 0
      ? [`${count(evicted)} times statements were pushed out of a full list and forgotten: it may be more.`]
      : []),
  ].join(' ');
}
