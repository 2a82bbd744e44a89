import { keyOfName } from './names.ts';
import type { Addition, TakenLock } from './statement.ts';
import type { Structure } from './structure.ts';

/** A lock on a relation, and where it is on its partitions and children as well: how many of them there are. */
export interface FeltLock extends TakenLock {
  readonly below: readonly (readonly string[])[];
}

/** All that an addition locks of what is there, its own relation first; what readers and writers take is not told. */
export function locksOf(addition: Addition, actual: Structure): FeltLock[] {
  const { lock, on, also = [] } = addition;
  const own =
    lock === null || on === null
      ? []
      : [{ lock, on, below: reachesDown(addition) ? descendants(on, actual) : [] }];
  const seen = new Set(own.flatMap((one) => [one.on, ...one.below]).map(keyOfName));
  const others = also
    .filter((one) => !seen.has(keyOfName(one.on)))
    .map((one) => ({
      ...one,
      // only who writes is kept from what is below, too
      below: one.lock === 'ShareUpdateExclusiveLock' ? [] : descendants(one.on, actual),
    }));
  return [...own, ...others];
}

/** Whether what is done to a table is done to its partitions and children as well. */
function reachesDown({ subject, alone, statements }: Addition): boolean {
  const [first] = statements;
  return (
    !alone &&
    ['column', 'constraint', 'trigger'].includes(subject.kind) &&
    first?.sql.startsWith('COMMENT ') === false
  );
}

function descendants(table: readonly string[], actual: Structure): (readonly string[])[] {
  return actual
    .children(table)
    .filter(({ kind }) => kind === 'table' || kind === 'foreign table')
    .flatMap(({ name }) => [name, ...descendants(name, actual)]);
}
