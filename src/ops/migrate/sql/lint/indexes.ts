import { as, option, relationName } from '../../../sql/ast.ts';
import type { Rule } from './rule.ts';

/** Indexes that keep writers out, and one that may be left invalid in silence. */
export const indexes: Rule = ({ node }, { isNew }) => {
  const index = as(node, 'IndexStmt');
  const table = relationName(index?.relation);
  if (index?.concurrent && index.if_not_exists)
    return [
      {
        name: 'concurrently_if_not_exists',
        message: `IF NOT EXISTS takes an invalid ${index.idxname} of an earlier attempt for done; leave it out, and drop the invalid one first.`,
      },
    ];
  if (index && !index.concurrent && !isNew(table))
    return [
      {
        name: 'index_without_concurrently',
        message: `Nobody can write ${table} while ${index.idxname ?? 'its index'} is built; use CREATE INDEX CONCURRENTLY.`,
      },
    ];
  const reindex = as(node, 'ReindexStmt');
  if (reindex && !option(reindex.params, 'concurrently') && !isNew(relationName(reindex.relation)))
    return [
      {
        name: 'reindex_without_concurrently',
        message: `Nobody can write ${relationName(reindex.relation) ?? reindex.name ?? 'the tables'} while it is reindexed; use REINDEX … CONCURRENTLY.`,
      },
    ];
  return [];
};
