import { quoteIdent, quoteRelation } from '../../db/ident.ts';
import type { MaintenanceLock } from '../../db/queries/maintain/locks.ts';
import type { ReindexLeftover } from './queries/leftovers.ts';
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

/** What is done about an invalid index: one that has a twin or was being dropped goes, another one is built again. */
export function remedyOf({ copy, live, toast }: ReindexLeftover): 'drop' | 'rebuild' {
  return copy || !live || toast ? 'drop' : 'rebuild';
}

/** What removes or mends an invalid index without anybody having to wait. */
export function remedySql(leftover: ReindexLeftover): string {
  const verb = remedyOf(leftover) === 'drop' ? 'DROP INDEX CONCURRENTLY' : 'REINDEX INDEX CONCURRENTLY';
  return `${verb} ${quoteRelation(leftover)}`;
}
