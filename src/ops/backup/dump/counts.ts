import { quoteLiteral, quoteRelation } from '../../../db/ident.ts';
import type { StepIo } from '../../engine/plan.ts';
import type { BackupRelation } from '../queries/relations.ts';
import type { Snapshot } from './snapshot.ts';

/** Small tables are counted together: a round trip for each of thousands would take longer than the counting. */
const TOGETHER = 20;
const TOGETHER_BYTES = 16 * 2 ** 20;

/**
 * Counts the rows of every relation in the snapshot that is being dumped, over a connection of its own: what a restore
 * has to bring back, exactly, however much is written meanwhile. Rows by oid. Throws DbError.
 */
export async function countRows(
  io: StepIo,
  { id, selection, database }: Snapshot,
  signal: AbortSignal,
): Promise<Map<number, number>> {
  const counts = new Map<number, number>();
  const session = await io.connect(database.name);
  // a count that is under way is not waited for
  const stop = () => void session.close();
  signal.addEventListener('abort', stop, { once: true });
  try {
    signal.throwIfAborted();
    for (const group of groups(selection.filled)) {
      const selects = group.map(
        (one, at) => `SELECT ${at} AS at, count(*) AS rows FROM ONLY ${quoteRelation(one)}`,
      );
      // a transaction each: the locks of all tables and indexes together with pg_dump's would fill the lock table.
      // pg_dump's own keep the tables as they are meanwhile
      const [, , , rows] = await Promise.all([
        session.sql('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY'),
        session.sql(`SET TRANSACTION SNAPSHOT ${quoteLiteral(id)}`),
        // rows that row security hides are an error, as in pg_dump, and no smaller number
        session.sql('SET LOCAL row_security = off'),
        session.sql(selects.join(' UNION ALL ')),
        session.sql('COMMIT'),
      ]);
      for (const { at, rows: found } of rows) {
        const relation = group[Number(at)];
        if (relation) counts.set(relation.oid, Number(found));
      }
      io.progress({ label: 'tables counted', done: counts.size, of: selection.filled.length, unit: 'items' });
    }
    return counts;
  } finally {
    signal.removeEventListener('abort', stop);
    await session.close();
  }
}

function* groups(relations: readonly BackupRelation[]): Generator<BackupRelation[]> {
  let group: BackupRelation[] = [];
  let bytes = 0;
  for (const relation of relations) {
    group.push(relation);
    bytes += relation.bytes;
    if (group.length < TOGETHER && bytes < TOGETHER_BYTES) continue;
    yield group;
    group = [];
    bytes = 0;
  }
  if (group.length > 0) yield group;
}
