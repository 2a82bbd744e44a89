import { reindexLeftovers } from '../../../db/queries/reindex/leftovers.ts';
import type { Session } from '../../../db/session.ts';
import { count } from '../../../text/units.ts';
import type { Check } from '../../engine/plan.ts';
import type { IndexFacts } from '../queries/facts.ts';
import { obstacleOf, shownIndex } from './obstacle.ts';

/** What keeps an index from being dropped, and what is lost with it. */
export function indexChecks(indexes: readonly IndexFacts[]): Check[] {
  return indexes.flatMap((one): Check[] => {
    const title = shownIndex(one);
    const warn = (detail: string): Check => ({ title, status: 'warn', detail });
    const obstacle = obstacleOf(one);
    if (obstacle !== undefined)
      return [{ title, status: 'block', detail: `It cannot be dropped: ${obstacle}` }];
    return [
      ...(one.valid ? [] : [warn(invalidText(one))]),
      ...(one.is_unique ? [warn(uniqueText(one))] : []),
      ...(one.only_for.length > 0
        ? [
            warn(
              `No other index helps the foreign key ${one.only_for.join(', ')}: each row that is deleted from the table it refers to would be looked for in all of ${one.table_name}.`,
            ),
          ]
        : []),
      ...(one.idx_scan > 0
        ? [warn(`It is used: ${count(one.idx_scan)} scans${sinceText(one)}. Its queries get slower.`)]
        : []),
      ...(one.clustered
        ? [warn('CLUSTER sorts the table by it: that mark goes with it, and comes back with an undo.')]
        : []),
    ];
  });
}

function uniqueText({ table_kind: kind }: IndexFacts): string {
  return kind === 'm'
    ? 'It is unique: REFRESH MATERIALIZED VIEW CONCURRENTLY needs such an index.'
    : 'It is unique: without it equal keys can come in, and INSERT … ON CONFLICT by its columns fails.';
}

function invalidText({ live }: IndexFacts): string {
  return live
    ? 'It is INVALID: a CREATE INDEX or REINDEX CONCURRENTLY has failed, or dropping it was begun.'
    : 'It is INVALID: dropping it was begun and not finished.';
}

export function sinceText({ stats_since }: Pick<IndexFacts, 'stats_since'>): string {
  return stats_since === null ? ', since nobody knows when' : ` since ${stats_since.slice(0, 16)}`;
}

/** Of those that are invalid, the ones that somebody is building now. Throws DbError. */
export async function builtChecks(session: Session, indexes: readonly IndexFacts[]): Promise<Check[]> {
  const invalid = indexes.filter(({ valid, live }) => !valid && live);
  if (invalid.length === 0) return [];
  const found = await session.run(reindexLeftovers, { oids: invalid.map(({ table_oid }) => table_oid) });
  return invalid.flatMap((one): Check[] => {
    const builder = found.find(({ oid }) => oid === one.oid)?.builder ?? null;
    if (builder === null) return [];
    const detail = `Session ${builder} seems to be building it now. Wait until that is done, or cancel it: pgdeck cancel ${builder}`;
    return [{ title: shownIndex(one), status: 'block', detail }];
  });
}
