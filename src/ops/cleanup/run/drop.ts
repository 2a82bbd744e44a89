import { DbError } from '../../../db/errors.ts';
import { fullName, quoteIdent, quoteRelation } from '../../../db/ident.ts';
import type { MaintenanceLock } from '../../../db/queries/maintain/locks.ts';
import type { Session } from '../../../db/session.ts';
import type { RowsPartition } from '../../archive/rows/manifest.ts';
import type { PendingPart } from '../../archive/rows/writer.ts';
import type { Outcome } from '../../engine/outcome.ts';
import type { StepIo } from '../../engine/plan.ts';
import { withLockRetries } from '../../maintain/shared/retry.ts';
import { LOCK_SECONDS, note, settle } from '../../rows/batch.ts';
import { pathSql, rolledBack } from '../../rows/session.ts';
import { CSV, digestOf } from '../../rows/sql.ts';
import { cleanupErrors } from '../errors.ts';
import { ended, endedBy } from '../outcome.ts';
import type { RangePartition } from '../queries/table.ts';
import { isOld } from '../task.ts';
import type { Work } from '../work.ts';

/** The partition as it is made again. */
function asFacts({ schema, name, parent_schema, parent, bound, owner }: RangePartition): RowsPartition {
  return { schema, name, parent: { schema: parent_schema, name: parent }, bound: bound ?? '', owner };
}

export const attachSql = ({ schema, name, parent, bound }: RowsPartition): string =>
  `ALTER TABLE ${quoteRelation(parent)} ATTACH PARTITION ${quoteRelation({ schema, name })} ${bound}`;

/**
 * Detaches a partition, archives its rows and drops it: those two in one transaction. What fails puts it back. Answers how
 * it ended; throws {@link OpError} or DbError.
 */
export async function dropPartition(
  io: StepIo,
  work: Work,
  one: RangePartition,
  concurrently: boolean,
): Promise<Outcome> {
  const { shared, prefix } = work;
  await work.begin(io);
  const session = await shared.session(io);
  const partition = asFacts(one);
  try {
    await refuseYoung(session, work, one);
    io.record({ [`${prefix}detached`]: partition });
    work.detached = partition;
    await detach(io, session, work, one, concurrently);
    io.crashPoint('drop:detached');
    const rows = await archiveAndDrop(io, session, work, one, partition);
    work.detached = undefined;
    io.record({ [`${prefix}detached`]: null });
    io.line(`${fullName(one.schema, one.name)} is dropped, with ${rows} rows.`);
    await work.rest(io);
    return ended(io, work, 'done', '', 0);
  } catch (error) {
    if (io.signal.aborted) throw error;
    await attachAgain(io, work);
    await work.rest(io);
    return endedBy(io, work, error);
  }
}

async function refuseYoung(session: Session, { task }: Work, one: RangePartition): Promise<void> {
  const [row] = await session.sql(
    `SELECT count(*)::float8 AS rows FROM ONLY ${quoteRelation(one)} c WHERE NOT coalesce(${isOld(task.facts)}, false)`,
  );
  const rows = Number(row?.rows);
  if (rows > 0) throw cleanupErrors.notWhole({ partition: fullName(one.schema, one.name), rows });
}

/** Runs what needs a lock, in short attempts while others hold it. */
async function locked<T>(
  io: StepIo,
  { shared }: Work,
  one: RangePartition,
  mode: MaintenanceLock,
  attempt: () => Promise<T>,
): Promise<T> {
  let looking: Session | undefined;
  const look = async () => {
    looking ??= await io.connect();
    return looking;
  };
  const wanted = { name: fullName(one.parent_schema, one.parent), oids: [one.parent_oid, one.oid], mode };
  const patience = { lockTimeout: LOCK_SECONDS, wait: shared.wait };
  try {
    return await withLockRetries(io, { wanted, patience, look }, attempt);
  } finally {
    await looking?.close();
  }
}

async function detach(
  io: StepIo,
  session: Session,
  work: Work,
  one: RangePartition,
  concurrently: boolean,
): Promise<void> {
  const parent = quoteRelation({ schema: one.parent_schema, name: one.parent });
  const sql = (how: string) => `ALTER TABLE ${parent} DETACH PARTITION ${quoteRelation(one)}${how}`;
  const timeout = (seconds: number) => session.sql(`SET lock_timeout = '${seconds}s'`);
  if (!concurrently) {
    await locked(io, work, one, 'AccessExclusiveLock', async () => {
      await timeout(LOCK_SECONDS);
      await session.sql(sql(''));
    });
    return;
  }
  // its second half waits for all who use the table, and keeps nobody from it meanwhile
  await timeout(Math.max(LOCK_SECONDS, work.shared.wait));
  try {
    await session.sql(sql(' CONCURRENTLY'));
  } catch (error) {
    if (!(error instanceof DbError) || !(await isPending(session, one))) throw error;
    await locked(io, work, one, 'ShareUpdateExclusiveLock', async () => {
      await timeout(LOCK_SECONDS);
      await session.sql(sql(' FINALIZE'));
    });
  } finally {
    if (!session.lost) await timeout(LOCK_SECONDS);
  }
}

/** Whether a partition is half detached: from 14 on a DETACH CONCURRENTLY that was stopped leaves that. */
export async function isPending(
  session: Session,
  { schema, name }: { readonly schema: string; readonly name: string },
): Promise<boolean> {
  if (session.lost || session.server.major < 14) return false;
  const [row] = await session.sql(
    'SELECT i.inhdetachpending AS pending FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2',
    [schema, name],
  );
  return row?.pending === true;
}

async function archiveAndDrop(
  io: StepIo,
  session: Session,
  work: Work,
  one: RangePartition,
  partition: RowsPartition,
): Promise<number> {
  const { prefix, writer } = work;
  const keeper = await work.begin(io);
  const part = await locked(io, work, one, 'AccessExclusiveLock', () => archived(session, work, one));
  try {
    await session.sql(`DROP TABLE ${quoteRelation(one)}`).catch(async (error: unknown) => {
      await part.drop();
      throw error;
    });
    io.crashPoint('drop:archived');
    await note(io, session, keeper, prefix, part, { partition });
    io.crashPoint('drop:noted');
    await session.sql('COMMIT');
    io.crashPoint('drop:committed');
    keeper.pending = undefined;
    part.keep();
  } catch (error) {
    await rolledBack(session);
    // the connection may have broken after the server had committed it
    if (!(await settle(io, keeper, prefix))) throw error;
  }
  writer?.dropped(partition);
  return part.rows;
}

/** The rows are in a part, and the table is locked by a transaction that is open. */
async function archived(session: Session, work: Work, one: RangePartition): Promise<PendingPart> {
  const from = `FROM ONLY ${quoteRelation(one)} c`;
  try {
    await session.sql(
      `BEGIN; SET LOCAL lock_timeout = '${LOCK_SECONDS}s'; LOCK TABLE ${quoteRelation(one)} IN ACCESS EXCLUSIVE MODE`,
    );
    await refuseYoung(session, work, one);
    if (work.writer !== undefined) await session.sql(pathSql(work.writer.searchPath));
    const table = fullName(one.schema, one.name);
    const keeper = work.keeper;
    if (keeper === undefined) throw new Error('the archive was not begun');
    if (work.writer === undefined) {
      const [row] = await session.sql(`SELECT count(*)::float8 AS rows ${from}`);
      return await keeper.part(table, async () => Number(row?.rows));
    }
    const [seen] = await session.sql(`SELECT ${digestOf('c', work.own)} AS digest ${from}`);
    const list = work.columns.map((name) => `c.${quoteIdent(name)}`).join(', ');
    return await keeper.part(
      table,
      (take) => session.copyOut(`COPY (SELECT ${list} ${from}) ${CSV}`, take),
      String(seen?.digest),
    );
  } catch (error) {
    await rolledBack(session);
    throw error;
  }
}

/**
 * Makes a partition again of what was detached and not dropped; nothing where there is no such one. Never throws: what
 * cannot be is told.
 */
export async function attachAgain(io: StepIo, work: Work): Promise<void> {
  const { detached, shared, prefix } = work;
  if (detached === undefined) return;
  const name = fullName(detached.schema, detached.name);
  try {
    const session = await shared.session(io);
    await session.sql(`SET lock_timeout = '${Math.max(LOCK_SECONDS, shared.wait)}s'`);
    if (await reattached(session, detached)) io.line(`${name} is a partition again.`);
    work.detached = undefined;
    io.record({ [`${prefix}detached`]: null });
  } catch {
    io.line(`${name} is detached and still there. To put it back: ${attachSql(detached)}`, 'stderr');
  }
}

/** Answers whether there was something to do. Throws DbError. */
export async function reattached(session: Session, partition: RowsPartition): Promise<boolean> {
  const { schema, name, parent } = partition;
  if (await isPending(session, partition))
    await session.sql(
      `ALTER TABLE ${quoteRelation(parent)} DETACH PARTITION ${quoteRelation({ schema, name })} FINALIZE`,
    );
  const [row] = await session.sql(
    "SELECT c.relispartition AS attached FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind = 'r'",
    [schema, name],
  );
  if (row?.attached !== false) return false;
  await session.sql(attachSql(partition));
  return true;
}
