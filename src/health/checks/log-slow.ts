import { perHour } from '../../log/fact.ts';
import { count, duration, milliseconds, plural } from '../../text/units.ts';
import { defineCheck } from '../check.ts';
import { graded } from '../grade.ts';

/** Statements of the last hour that the server's log tells as slow: each call by itself, where others see means. */
export const logSlow = defineCheck({
  id: 'log_slow',
  title: "Slow statements in the server's log",
  category: 'statements',
  fix: 'its plan',
  reads: [],
  open: true,
  judge: ({ outside: { log }, thresholds }) => {
    if ('unknown' in log)
      return { unknown: { reason: log.unknown, ...(log.remedy !== undefined && { remedy: log.remedy }) } };
    const { slow, source, from, until } = log.known;
    if (slow === null) return { because: 'log_min_duration_statement is off, and none was logged' };
    const { found } = graded('slow_statements_per_hour', perHour(slow.count, log.known), thresholds);
    if (found === undefined) return {};
    return {
      findings: [
        {
          ...found,
          title: `${plural(slow.count, 'statement')} took ${milliseconds(slow.aboveMs)} or more in the last ${duration((until - from) / 1000)}.`,
          evidence: `${source}: ${count(slow.count)} durations, as log_min_duration_statement has them logged.`,
          why: 'Somebody waited that long for each of them.',
          remedy: {
            advice:
              'Look at them (pgdeck log --level log) and at the plans of those that come again (e in Statements, 6): an index that is missing, old statistics, or too many rows asked for.',
          },
        },
      ],
    };
  },
});
