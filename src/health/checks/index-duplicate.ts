import { displayName } from '../../db/ident.ts';
import { indexDuplicatePoll } from '../../db/queries/indexes.ts';
import { dropRemedy, findingOf, type IndexAdvice, type IndexFacts } from '../advice.ts';
import { defineCheck } from '../check.ts';
import { sizeText, worstOf } from '../tables.ts';

/** Indexes whose work another index of the same table does. */
export const indexDuplicate = defineCheck({
  id: 'index_duplicate',
  title: 'Duplicate indexes',
  category: 'indexes',
  fix: '`indexes drop`',
  reads: [indexDuplicatePoll],
  judge: (facts) => ({ findings: duplicateAdvice(facts).map(findingOf) }),
});

/** What is told of each, the biggest first. */
export function duplicateAdvice({ figures, server }: IndexFacts): IndexAdvice[] {
  return figures.rows(indexDuplicatePoll).map((row, _, rows) => {
    const { schemaname, relname, kept, est_bytes } = row;
    const index = displayName(schemaname, row.indexrelname);
    return {
      object: index,
      severity: 'warning',
      title: `${index} (${sizeText(est_bytes)}) on ${displayName(schemaname, relname)} ${row.exact ? 'is the same index as' : 'is covered by'} ${displayName(schemaname, kept)}.`,
      ...(est_bytes !== null && { value: est_bytes, unit: 'bytes' }),
      evidence: `Compared by columns, operator classes, collations, options and predicate; ${est_bytes === null ? 'VACUUM or ANALYZE will note the size' : 'the size is that of the last VACUUM or ANALYZE'}.${worstOf(rows.length, row.of, 'such indexes')}`,
      why: 'Every write has to keep both up to date, and no query needs both.',
      remedy: server.standby
        ? { advice: 'A standby has what its primary has: drop it there.' }
        : dropRemedy(
            { schema: schemaname, name: row.indexrelname, owned: row.owned },
            'Waits for transactions that use the table; reads and writes go on.',
          ),
      about: { schema: schemaname, table: relname, index: row.indexrelname, bytes: est_bytes },
    };
  });
}
