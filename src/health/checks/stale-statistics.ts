import { displayName } from '../../db/ident.ts';
import { autovacuumPoll, type DueTable, maintainDuePoll } from '../../db/queries/maintain/due.ts';
import { count, duration, roughly } from '../../text/units.ts';
import { defineCheck, type Facts } from '../check.ts';
import type { Found } from '../finding.ts';
import { countedSince, isFresh, lostCounters, maintain, uncounted, worstOf } from '../tables.ts';

/** So many times what autovacuum allows: up to there it is about to come. */
const BEYOND = 2;
/** With more of the rows changed the statistics are those of another table. */
const MOST = 0.5;

const COST = 'Reads and writes go on; a sample of the table is read.';

/** Statistics of the planner that were never made, or were made of other rows. */
export const staleStatistics = defineCheck({
  id: 'stale_statistics',
  title: 'Planner statistics',
  category: 'vacuum',
  fix: '`analyze`',
  reads: [maintainDuePoll, autovacuumPoll],
  judge: (facts) => {
    const without = uncounted(facts);
    if (without) return without;
    const tables = facts.figures.rows(maintainDuePoll);
    const unknown = lostCounters(tables);
    const [first] = tables;
    const worst = worstOf(tables.filter(({ stale }) => stale).length, first?.stale_tables ?? 0);
    const largest = worstOf(tables.filter(({ unseen }) => unseen).length, first?.unseen_tables ?? 0);
    return {
      findings: tables.flatMap((table) => findingOf(table, facts, table.unseen ? largest : worst) ?? []),
      ...(unknown && { unknown }),
    };
  },
});

function findingOf(table: DueTable, facts: Facts, worst: string): Found | undefined {
  const object = displayName(table.schema, table.name);
  const { mods, analyze_at, analyze_age_seconds: age, analyzing } = table;
  const doing = analyzing ? '; it is being analysed now' : '';
  const remedy = maintain('analyze', table, COST);
  if (table.unseen)
    return {
      object,
      severity: 'warning',
      title: `The partitioned table ${object} was never analysed.`,
      evidence: `${countedSince(facts)}; autovacuum analyses partitions, and never the table that they belong to${doing}.${worst}`,
      why: 'For a query over all partitions the planner has no statistics, and guesses.',
      remedy,
    };
  if (!table.stale || mods <= BEYOND * analyze_at || isFresh(age, facts)) return undefined;
  const share = mods / Math.max(1, table.rows);
  const off = table.enabled ? '' : '; autovacuum is switched off for it';
  return {
    object,
    severity: age === null || share >= MOST ? 'warning' : 'info',
    title:
      age === null
        ? `${object} was never analysed: ${roughly(mods, 'row')} came or changed.`
        : `${roughly(mods, 'row')} of ${object} changed since its statistics were made.`,
    value: mods / Math.max(1, analyze_at),
    unit: 'ratio',
    threshold: BEYOND,
    evidence: `${countedSince(facts)}; ${age === null ? 'no ANALYZE is known' : `last analysed ${duration(age)} ago`}; autovacuum allows ${count(analyze_at)} changed rows${off}${doing}.${worst}`,
    why: 'The planner chooses by rows that are no longer there, and a bad plan can be a thousand times slower.',
    remedy,
  };
}
