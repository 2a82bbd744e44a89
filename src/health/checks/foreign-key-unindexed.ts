import { displayName, fullName, quoteIdent, quoteRelation } from '../../db/ident.ts';
import { foreignKeyUnindexedPoll, type UnindexedKey } from '../../db/queries/foreign-keys.ts';
import { autovacuumPoll } from '../../db/queries/maintain/due.ts';
import { plural, roughly } from '../../text/units.ts';
import { findingOf, type IndexAdvice, type IndexFacts } from '../advice.ts';
import { defineCheck } from '../check.ts';
import type { Remedy } from '../finding.ts';
import { countedSince, sizeText, worstOf } from '../tables.ts';

/** Foreign keys whose rows only a scan of the whole table finds. */
export const foreignKeyUnindexed = defineCheck({
  id: 'foreign_key_unindexed',
  title: 'Foreign keys without an index',
  category: 'indexes',
  fix: '`indexes create`',
  reads: [foreignKeyUnindexedPoll, autovacuumPoll],
  judge: (facts) => ({ findings: foreignKeyAdvice(facts).map(findingOf) }),
});

/** What is told of each, those with the most to look through first. */
export function foreignKeyAdvice(facts: IndexFacts): IndexAdvice[] {
  return facts.figures
    .rows(foreignKeyUnindexedPoll)
    .map((row, _, rows) => adviceOf(row, worstOf(rows.length, row.of, 'such keys'), facts));
}

function adviceOf(row: UnindexedKey, worst: string, facts: IndexFacts): IndexAdvice {
  const table = displayName(row.schemaname, row.relname);
  const parent = displayName(row.parent_schema, row.parent);
  const columns = row.columns.map((name) => displayName(null, name)).join(',');
  const deletes = facts.server.standby ? 0 : row.parent_deletes;
  return {
    // of partitions each has a name of its own for it
    object: `${table}(${columns})`,
    severity: deletes > 0 && !row.partly ? 'warning' : 'info',
    title: `No index of ${table} begins with ${columns}: the foreign key ${displayName(null, row.conname)} to ${parent} has none.`,
    evidence: [
      ...(row.partly
        ? [
            'An index begins with one of these columns, which is enough where few rows have the same value of it.',
          ]
        : []),
      `${row.partitioned ? 'A partition that lacks one has' : 'It has'} about ${roughly(row.est_rows ?? 0, 'row')} (${sizeText(row.est_bytes)}), ${row.est_bytes === null ? 'as counted: it was never vacuumed or analysed' : 'as of the last VACUUM or ANALYZE'}.`,
      facts.server.standby
        ? 'A standby does not know how often rows of the other are deleted.'
        : `${countedSince(facts)}: ${plural(deletes, 'row')} of ${parent} deleted.`,
    ]
      .join(' ')
      .concat(worst),
    why: `Each row that is deleted from ${parent}, or gets another key, is looked for in all of ${table}, with its lock held.`,
    remedy: remedyOf(row, facts.server.standby),
    about: { schema: row.schemaname, table: row.relname, columns: row.columns, bytes: row.est_bytes },
  };
}

function remedyOf(row: UnindexedKey, standby: boolean): Remedy {
  const cost =
    'The table is read twice, and open transactions are waited for; reads and writes go on, and each write keeps one more index.';
  const { schemaname: schema, relname: name } = row;
  if (row.owned && !standby)
    return {
      operation: 'indexes create',
      input: {
        table: fullName(schema, name),
        columns: row.columns.map((column) => displayName(null, column)),
      },
      cost,
    };
  const columns = row.columns.map(quoteIdent).join(', ');
  if (row.partitioned)
    return {
      advice: `Create an index on (${columns}) of each partition of ${displayName(schema, name)} that lacks one, CONCURRENTLY; on all of them at once it locks out writers.`,
    };
  return {
    sql: `CREATE INDEX CONCURRENTLY ON ${quoteRelation({ schema, name })} (${columns})`,
    cost: standby
      ? `To be run on the primary. ${cost}`
      : `${cost} This role may not: it takes the owner of the table or a superuser.`,
  };
}
