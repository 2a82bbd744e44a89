import { quoteIdent, quoteRelation } from '../../db/ident.ts';
import type { MaintenanceLock } from '../../db/queries/maintain/locks.ts';
import { type ReindexLeftover, remedyOf } from '../../db/queries/reindex/leftovers.ts';
import { dropSql } from '../concurrently/statement.ts';
import type { Target } from './scope.ts';

/** How everything of a run is rebuilt. */
export interface Manner {
  readonly concurrently: boolean;
  readonly tablespace?: string | undefined;
}

export function reindexSql(target: Target, { concurrently, tablespace }: Manner): string {
  const options = ['VERBOSE', ...(tablespace === undefined ? [] : [`TABLESPACE ${quoteIdent(tablespace)}`])];
  return [
    `REINDEX (${options.join(', ')})`,
    target.kind.toUpperCase(),
    ...(concurrently ? ['CONCURRENTLY'] : []),
    quoteRelation(target),
  ].join(' ');
}

/** The lock that is asked for first, and the one that others have to be out of the way of. */
export function lockOf({ concurrently }: Manner): MaintenanceLock {
  return concurrently ? 'ShareUpdateExclusiveLock' : 'AccessExclusiveLock';
}

/** What removes or mends an invalid index without anybody having to wait. */
export function remedySql(leftover: ReindexLeftover): string {
  return remedyOf(leftover) === 'drop'
    ? dropSql(leftover)
    : `REINDEX INDEX CONCURRENTLY ${quoteRelation(leftover)}`;
}
