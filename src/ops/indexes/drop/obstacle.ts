import { fullName, quoteIdent, quoteRelation } from '../../../db/ident.ts';
import type { IndexFacts } from '../queries/facts.ts';

/** Why an index cannot be dropped, or not so, with what can be done; undefined where it can. */
export function obstacleOf(index: IndexFacts): string | undefined {
  const table = quoteRelation({ schema: index.table_schema, name: index.table_name });
  if (index.system) return 'it belongs to the system catalogs.';
  if (index.of_extension) return 'it belongs to an extension, which would miss it.';
  if (index.constraint_name !== null)
    return `it keeps the constraint ${index.constraint_name}. Who does not need that any more: ALTER TABLE ${table} DROP CONSTRAINT ${quoteIdent(index.constraint_name)}`;
  if (index.referred_by.length > 0)
    return `the foreign key ${index.referred_by.join(', ')} refers to its table by it.`;
  if (index.replica_identity)
    return `it is the replica identity of its table: logical replication finds rows by it. Another one: ALTER TABLE ${table} REPLICA IDENTITY …`;
  if (index.partition_of !== null)
    return 'it is a part of the index of a partitioned table, and is dropped with that only.';
  if (index.kind === 'I')
    return `the index of a partitioned table cannot be dropped CONCURRENTLY. With a lock that everybody waits for, for a moment: SET lock_timeout = '3s'; DROP INDEX ${quoteRelation(index)}`;
  return undefined;
}

/** Its name for people. */
export function shownIndex({ schema, name }: Pick<IndexFacts, 'schema' | 'name'>): string {
  return fullName(schema, name);
}
