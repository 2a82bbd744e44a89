import { quoteRelation } from '../../db/ident.ts';

/** Removes an index without anybody having to wait. */
export function dropSql(index: { readonly schema: string; readonly name: string }): string {
  return `DROP INDEX CONCURRENTLY ${quoteRelation(index)}`;
}
