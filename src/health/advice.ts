import { fullName, quoteRelation } from '../db/ident.ts';
import type { Facts } from './check.ts';
import type { Found, Remedy } from './finding.ts';

/** A finding about an index that is there, or should be, with what it is about. */
export interface IndexAdvice extends Found {
  readonly about: {
    readonly schema: string;
    readonly table: string;
    /** Undefined for one that is missing. */
    readonly index?: string;
    /** Of one that is missing. */
    readonly columns?: readonly string[];
    readonly bytes: number | null;
  };
}

/** What it is read from: the server's own alone. */
export type IndexFacts = Omit<Facts, 'outside'>;

/** As a check tells it. */
export function findingOf({ about: _, ...found }: IndexAdvice): Found {
  return found;
}

/** What drops an index: the operation, or for another role the statement. */
export function dropRemedy(
  { schema, name, owned }: { readonly schema: string; readonly name: string; readonly owned: boolean },
  cost: string,
): Remedy {
  if (owned) return { operation: 'indexes drop', input: { index: [fullName(schema, name)] }, cost };
  return {
    sql: `DROP INDEX CONCURRENTLY ${quoteRelation({ schema, name })}`,
    cost: `${cost} This role may not: it takes the owner of the table or a superuser.`,
  };
}
