import { fullName } from '../../../db/ident.ts';
import type { Session } from '../../../db/session.ts';
import type { RowsAbout } from '../../archive/rows/manifest.ts';
import type { PendingPart, RowsWriter } from '../../archive/rows/writer.ts';
import type { StepIo } from '../../engine/plan.ts';
import { orphansErrors } from '../errors.ts';
import { partFact, wasCommitted } from '../facts.ts';
import { newKeys } from '../queries/keys.ts';
import type { Leaf } from '../queries/tables.ts';
import {
  type Below,
  belowPlacesSql,
  deleteSql,
  type KeyShape,
  leftSql,
  lockSql,
  setNullSql,
} from '../sql.ts';
import { byIndex, pathSql, rolledBack, rowsSession } from './session.ts';

/** What is done to the rows that break a key. */
export interface Removal {
  readonly key: KeyShape & { readonly name: string };
  readonly how: 'deleted' | 'set_null';
  /** Tables and partitions that hold the rows. */
  readonly leaves: readonly Leaf[];
  /** All columns, in the order in which their values are kept. */
  readonly columns: readonly string[];
  /** The same with their types, as the archive tells them. */
  readonly described: RowsAbout['columns'];
  readonly serverVersion: string;
  /** Keys by which the server would change other rows with these. */
  readonly below: readonly (Below & { readonly shown: string })[];
  /** Oids of all keys that referred to the table when it was planned. */
  readonly known: readonly number[];
}

/** Seconds that a lock on a table is waited for: whoever comes later stands behind. */
const LOCK_TIMEOUT = '2s';

/** How many rows were inserted into these tables by the transaction so far. */
const INSERTED =
  'SELECT sum(pg_stat_get_xact_tuples_inserted(oid))::float8 AS rows FROM unnest($1::oid[]) oid';

/**
 * Takes one batch of rows out, in one transaction: what is gone is in a part of the archive, on the disk, and noted in
 * the journal before it is committed. Answers how many. Throws {@link OpError} or DbError; nothing was done then.
 */
export async function takeBatch(
  io: StepIo,
  session: Session,
  writer: RowsWriter,
  removal: Removal,
  leaf: Leaf,
  places: string,
): Promise<number> {
  try {
    await session.sql(
      `BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL lock_timeout = '${LOCK_TIMEOUT}'; ${byIndex(true)}`,
    );
    const [locked] = await session.sql(lockSql(removal.key, leaf, places));
    const had = Number(locked?.rows) === 0 ? undefined : String(locked?.places);
    if (had !== undefined) await refuseBelow(session, removal, leaf, had);
    const part = had === undefined ? undefined : await taken(session, writer, removal, leaf, had);
    if (part === undefined) {
      await session.sql('ROLLBACK');
      return 0;
    }
    io.crashPoint('rows:archived');
    await note(io, session, writer, part);
    io.crashPoint('rows:noted');
    await session.sql('COMMIT');
    io.crashPoint('rows:committed');
    writer.pending = undefined;
    part.keep();
    return part.rows;
  } catch (error) {
    await rolledBack(session);
    await settle(io, writer);
    throw error;
  }
}

/** In the journal is which transaction decides about a part, before it is committed. Throws {@link OpError}. */
async function note(io: StepIo, session: Session, writer: RowsWriter, part: PendingPart): Promise<void> {
  try {
    const [row] = await session.sql('SELECT pg_current_xact_id()::text AS xid');
    const { file, relation, rows, bytes, sha256 } = part;
    const xid = String(row?.xid);
    io.record({ [partFact(writer.parts + 1)]: { xid, file, relation, rows, bytes, sha256 } });
    writer.pending = { part, xid };
  } catch (error) {
    await part.drop();
    throw error;
  }
}

/** Where a connection broke at the end of a transaction, perhaps after the server had committed it, the server knows. */
export async function settle(io: StepIo, writer: RowsWriter): Promise<void> {
  const { pending } = writer;
  if (pending === undefined) return;
  const { part, xid } = pending;
  const asking = await rowsSession(io);
  try {
    if (await wasCommitted(asking, xid, part.file)) part.keep();
    else {
      io.record({ [partFact(writer.parts + 1)]: null });
      await part.drop();
    }
    writer.pending = undefined;
  } finally {
    await asking.close();
  }
}

/** Nobody can refer to a row that is locked; who has done so before is seen here. */
async function refuseBelow(
  session: Session,
  { below, key }: Removal,
  leaf: Leaf,
  places: string,
): Promise<void> {
  if (below.length === 0) return;
  await session.sql(byIndex(false));
  for (const one of below) {
    const [row] = await session.sql(belowPlacesSql(one, leaf, places));
    const rows = Number(row?.rows);
    if (rows > 0)
      throw orphansErrors.referred({
        table: fullName(key.table.schema, key.table.name),
        ...{ by: one.shown, rows },
      });
  }
  await session.sql(byIndex(true));
}

/** From the change on no key can be made that refers to the table: one that was made since the plan is seen. */
async function refuseNew(session: Session, { key, known }: Removal): Promise<void> {
  const [found] = await session.run(newKeys, { oid: key.table.oid, known, own: key.name });
  if (found !== undefined)
    throw orphansErrors.newKey({ ...found, to: fullName(key.table.schema, key.table.name) });
}

async function taken(
  session: Session,
  writer: RowsWriter,
  removal: Removal,
  leaf: Leaf,
  places: string,
): Promise<PendingPart | undefined> {
  const { key, how, columns, leaves } = removal;
  const table = fullName(leaf.schema, leaf.name);
  const oids = [leaves.map(({ oid }) => oid)];
  const sql = (how === 'deleted' ? deleteSql : setNullSql)(key, leaf, places, columns);
  const [before] = await session.sql(INSERTED, oids);
  // triggers find their tables by it
  await session.sql(pathSql(writer.searchPath));
  const part = await writer.part(table, (take) => session.copyOut(sql, take));
  try {
    const [left] = await session.sql(leftSql(key, leaf, places));
    if (Number(left?.rows) > 0) throw orphansErrors.suppressed({ table, rows: Number(left?.rows) });
    await refuseNew(session, removal);
    const [after] = await session.sql(INSERTED, oids);
    const inserted = Number(after?.rows) - Number(before?.rows);
    if (inserted > 0) throw orphansErrors.inserted({ table, rows: inserted });
    if (part.rows > 0) return part;
    // what they refer to has come meanwhile
    await part.drop();
    return undefined;
  } catch (error) {
    await part.drop();
    throw error;
  }
}
