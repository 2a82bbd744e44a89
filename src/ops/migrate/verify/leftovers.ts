import { displayName } from '../../../db/ident.ts';
import type { Session } from '../../../db/session.ts';
import {
  type InvalidIndex,
  migrateInvalidIndexes,
  migrateUnvalidated,
  type Unvalidated,
} from '../queries/leftovers.ts';

/** What migrations leave that looks finished and is not. */
export interface Leftovers {
  readonly indexes: readonly InvalidIndex[];
  readonly constraints: readonly Unvalidated[];
}

/** Indexes that are not valid and that nobody builds now, and constraints that hold for new rows only. Throws DbError. */
export async function leftoversOf(session: Session): Promise<Leftovers> {
  const [indexes, constraints] = await Promise.all([
    session.run(migrateInvalidIndexes, undefined),
    session.run(migrateUnvalidated, undefined),
  ]);
  // of a partitioned table it becomes valid when every partition has its own
  return { indexes: indexes.filter(({ building, partitioned }) => !building && !partitioned), constraints };
}

/** Those that were not there before. */
export function newSince(before: Leftovers, after: Leftovers): Leftovers {
  const known = new Set([...before.indexes, ...before.constraints].map(({ oid }) => oid));
  return {
    indexes: after.indexes.filter(({ oid }) => !known.has(oid)),
    constraints: after.constraints.filter(({ oid }) => !known.has(oid)),
  };
}

export const indexName = ({ schema, name }: Pick<InvalidIndex, 'schema' | 'name'>): string =>
  displayName(schema, name);

/** What to do about a constraint that is not validated. */
export function constraintSentence({ owner, name }: Unvalidated): string {
  return `The constraint ${name} holds for new rows only. To check the old ones: ALTER ${owner} VALIDATE CONSTRAINT ${name}`;
}
