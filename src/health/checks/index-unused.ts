import { displayName, fullName } from '../../db/ident.ts';
import {
  indexDuplicatePoll,
  indexUnusedRarePoll,
  type indexUnused as unusedIndexes,
} from '../../db/queries/indexes.ts';
import { autovacuumPoll } from '../../db/queries/maintain/due.ts';
import type { RowOf } from '../../db/query.ts';
import { duration } from '../../text/units.ts';
import { dropRemedy, findingOf, type IndexAdvice, type IndexFacts } from '../advice.ts';
import { defineCheck } from '../check.ts';
import { countAgain, sizeText, worstOf } from '../tables.ts';
import { countedLong, coveredBy, isBigWaste } from '../unused.ts';

/** A smaller one is not worth a word. */
const SMALL_BYTES = 64 * 1024;
/** Nor is one of so few rows, where its size is not known yet. */
const FEW_ROWS = 1000;

type Row = RowOf<typeof unusedIndexes>;

/** Indexes that nobody has scanned and that enforce nothing. */
export const indexUnused = defineCheck({
  id: 'index_unused',
  title: 'Unused indexes',
  category: 'indexes',
  fix: '`indexes drop`',
  reads: [indexUnusedRarePoll, autovacuumPoll],
  also: [indexDuplicatePoll],
  judge: (facts) => {
    const [counted] = facts.figures.rows(autovacuumPoll);
    if (counted?.track_counts === false)
      return {
        unknown: {
          reason: 'track_counts is off: scans are not counted.',
          remedy: countAgain(facts),
        },
      };
    return { findings: unusedAdvice(facts).map(findingOf) };
  },
});

/** What is told of each that is worth a word, the biggest first. */
export function unusedAdvice(facts: IndexFacts): IndexAdvice[] {
  const duplicates = facts.figures.rows(indexDuplicatePoll);
  // one that is a duplicate is found for that
  const found = new Set(duplicates.map(({ indexrelid }) => indexrelid));
  const rows = facts.figures.rows(indexUnusedRarePoll);
  const unused = rows.filter((row) => isWorthAWord(row) && !found.has(row.indexrelid));
  // what is not read is smaller, as far as that is known
  const worst = worstOf(rows.length, rows[0]?.of ?? 0, 'such indexes');
  return unused.map((row) => adviceOf(row, coveredBy(row, duplicates), worst, facts));
}

function isWorthAWord({ est_bytes, live_rows }: Row): boolean {
  return est_bytes === null ? live_rows >= FEW_ROWS : est_bytes >= SMALL_BYTES;
}

function adviceOf(row: Row, covered: string | undefined, worst: string, facts: IndexFacts): IndexAdvice {
  const { standby } = facts.server;
  const object = displayName(row.schemaname, row.indexrelname);
  const [counted] = facts.figures.rows(autovacuumPoll);
  const seconds = counted?.stats_seconds ?? null;
  const long = countedLong(facts);
  return {
    object,
    severity: long && covered === undefined && isBigWaste(row) ? 'warning' : 'info',
    title: `${object} (${sizeText(row.est_bytes)}) on ${displayName(row.schemaname, row.relname)} was not scanned ${long ? `since ${counted?.stats_since?.slice(0, 10)}` : 'so far'}.`,
    ...(row.est_bytes !== null && { value: row.est_bytes, unit: 'bytes' }),
    evidence: [
      seconds === null
        ? 'Since when scans are counted is not known.'
        : `Scans are counted for ${duration(seconds)}; the server does not tell when an index was created, and a new one looks the same.`,
      standby
        ? 'This is a standby, which counts its own: the primary may use it.'
        : 'Standbys count their own scans: look there too.',
      ...(covered === undefined
        ? []
        : [`It does the work of ${covered} too, if that is dropped: of the two only one may go.`]),
      ...(row.supports_fk
        ? ['Its first columns are a foreign key’s: a DELETE in the table referred to uses it.']
        : []),
      ...(row.has_expressions
        ? ['ANALYZE makes statistics of its expressions, which the planner uses without a scan.']
        : []),
    ]
      .join(' ')
      .concat(worst),
    why: 'It takes its share of every write, of VACUUM, of the cache and of the disk.',
    remedy: standby
      ? { advice: 'It can be dropped on the primary only, once nobody uses it on any server.' }
      : long
        ? dropRemedy(
            { schema: row.schemaname, name: row.indexrelname, owned: row.owned },
            'Transactions that use the table are waited for; reads and writes go on. Its definition is kept for an undo.',
          )
        : {
            advice: `Wait until what runs seldom (a month's end, a yearly report) has run, and drop ${fullName(row.schemaname, row.indexrelname)} if it is still unused.`,
          },
    about: {
      schema: row.schemaname,
      table: row.relname,
      index: row.indexrelname,
      bytes: row.est_bytes,
    },
  };
}
