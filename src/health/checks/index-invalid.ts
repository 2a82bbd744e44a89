import { displayName, fullName, quoteRelation } from '../../db/ident.ts';
import {
  indexDuplicatePoll,
  indexInvalidRarePoll,
  indexUnusedRarePoll,
  type indexInvalid as invalidIndexes,
} from '../../db/queries/indexes.ts';
import { autovacuumPoll } from '../../db/queries/maintain/due.ts';
import { remedyOf } from '../../db/queries/reindex/leftovers.ts';
import type { RowOf } from '../../db/query.ts';
import { bytes, plural } from '../../text/units.ts';
import { findingOf, type IndexAdvice, type IndexFacts } from '../advice.ts';
import { defineCheck } from '../check.ts';
import type { Remedy } from '../finding.ts';
import { type Graded, graded } from '../grade.ts';
import { countedLong, coveredBy, isBigWaste } from '../unused.ts';

type Row = RowOf<typeof invalidIndexes>;

/** Indexes that are written and serve no query. The category is measured by these and the big ones that are unused. */
export const indexInvalid = defineCheck({
  id: 'index_invalid',
  title: 'Invalid indexes',
  category: 'indexes',
  fix: '`reindex`',
  reads: [indexInvalidRarePoll, indexUnusedRarePoll, autovacuumPoll],
  also: [indexDuplicatePoll],
  judge: (facts) => {
    const { measure } = gradeOf(facts);
    return { measure, findings: invalidAdvice(facts).map(findingOf) };
  },
});

/** Nobody is building them now. */
const leftIn = ({ figures }: IndexFacts) =>
  figures.rows(indexInvalidRarePoll).filter(({ building }) => !building);

function gradeOf(facts: IndexFacts): Graded {
  const duplicates = facts.figures.rows(indexDuplicatePoll);
  const wasted = countedLong(facts)
    ? facts.figures
        .rows(indexUnusedRarePoll)
        .filter((row) => isBigWaste(row) && coveredBy(row, duplicates) === undefined).length
    : 0;
  return graded('index_faults', leftIn(facts).length + wasted, facts.thresholds);
}

/** What is told of each, the biggest first. */
export function invalidAdvice(facts: IndexFacts): IndexAdvice[] {
  const { found } = gradeOf(facts);
  return found === undefined ? [] : leftIn(facts).map((row) => adviceOf(row, found, facts.server.standby));
}

function adviceOf(row: Row, found: NonNullable<Graded['found']>, standby: boolean): IndexAdvice {
  const object = displayName(row.schemaname, row.indexrelname);
  return {
    object,
    ...found,
    // each is one of them
    value: 1,
    title: `${object} on ${displayName(row.schemaname, row.relname)} is invalid: ${originOf(row)}.`,
    evidence: `pg_index${row.est_bytes === null ? '' : `; about ${bytes(row.est_bytes)}`}; nobody is building it now. ${plural(found.value, 'index')} of this database ${found.value === 1 ? 'is' : 'are'} invalid, or big and unused.`,
    why: row.partitioned
      ? 'Queries use the indexes of the partitions; a unique one keeps nothing unique, and no foreign key can refer to it.'
      : `It takes its share of every write, and no query uses it${row.is_unique ? '; it may keep nothing unique' : ''}.`,
    remedy: standby ? { advice: 'A standby has what its primary has: clean it up there.' } : cureOf(row),
    about: {
      schema: row.schemaname,
      table: row.relname,
      index: row.indexrelname,
      bytes: row.est_bytes,
    },
  };
}

/** Where it comes from, by its name and state. */
function originOf({ partitioned, live, copy, indexrelname }: Row): string {
  if (partitioned) return 'a partition has no index that is attached to it';
  if (!live) return 'a DROP INDEX CONCURRENTLY was not finished';
  if (!copy) return 'its CREATE INDEX or REINDEX CONCURRENTLY failed';
  return /_ccold\d*$/.test(indexrelname)
    ? 'the old copy of a REINDEX CONCURRENTLY that was not finished'
    : 'the new copy of a REINDEX CONCURRENTLY that failed';
}

function cureOf(row: Row): Remedy {
  const { schemaname: schema, indexrelname: name } = row;
  if (row.partitioned)
    return {
      advice:
        'Create the same index on each partition that lacks it, CONCURRENTLY, and attach it with ALTER INDEX ... ATTACH PARTITION: with the last one it becomes valid.',
    };
  const drops = remedyOf(row) === 'drop';
  const cost = drops
    ? 'It is dropped CONCURRENTLY: transactions that use the table are waited for; reads and writes go on.'
    : `It is built anew CONCURRENTLY: the table is read twice, open transactions are waited for; reads and writes go on.${row.is_unique ? ' It fails again while rows have equal keys.' : ''}`;
  if (row.owned) return { operation: 'reindex', input: { index: [fullName(schema, name)] }, cost };
  const verb = drops ? 'DROP INDEX CONCURRENTLY' : 'REINDEX INDEX CONCURRENTLY';
  return {
    sql: `${verb} ${quoteRelation({ schema, name })}`,
    cost: `${cost} This role may not: it takes the owner of the table or a superuser.`,
  };
}
