import { displayName, quoteRelation } from '../../db/ident.ts';
import { indexDuplicatePoll } from '../../db/queries/indexes.ts';
import { bytes } from '../../text/units.ts';
import { defineCheck } from '../check.ts';

/** Indexes whose work another index of the same table does. */
export const indexDuplicate = defineCheck({
  id: 'index_duplicate',
  title: 'Duplicate indexes',
  category: 'indexes',
  fix: '`DROP INDEX`',
  reads: [indexDuplicatePoll],
  judge: (facts) => ({
    findings: facts.figures.rows(indexDuplicatePoll).map((row) => {
      const index = displayName(row.schemaname, row.indexrelname);
      return {
        object: index,
        severity: 'warning',
        title: `${index} (${bytes(row.est_bytes)}) on ${row.relname} ${row.exact ? 'is the same index as' : 'is covered by'} ${row.kept}.`,
        value: row.est_bytes,
        unit: 'bytes',
        evidence: `Compared by columns, operator classes, collations, options and predicate; the size is that of the last VACUUM or ANALYZE.`,
        why: 'Every write has to keep both up to date, and no query needs both.',
        remedy: {
          sql: `DROP INDEX CONCURRENTLY ${quoteRelation({ schema: row.schemaname, name: row.indexrelname })}`,
          cost: 'Waits for transactions that use the table; reads and writes go on.',
        },
      };
    }),
  }),
});
