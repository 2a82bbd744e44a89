import { fullName } from '../../db/ident.ts';
import type { Session } from '../../db/session.ts';
import type { PendingPart } from '../archive/rows/writer.ts';
import type { StepIo } from '../engine/plan.ts';
import type { Leaf } from '../orphans/queries/tables.ts';
import type { Keeper } from './counter.ts';
import { takeErrors } from './errors.ts';
import { partFact, wasCommitted } from './noted.ts';
import { byIndex, rolledBack, rowsSession } from './session.ts';
import { leftSql, lockSql, type Named } from './sql.ts';

/** Which rows are taken out, and how. */
export interface Taking {
  /** For people: `public.ev`. */
  readonly table: string;
  /** Tables and partitions that hold the rows. */
  readonly leaves: readonly Leaf[];
  /** Which rows `c` are meant. */
  readonly condition: string;
  /** Indexes find what the condition looks up in other tables. */
  readonly indexed: boolean;
  /** Before the names of the facts that are noted of it. */
  readonly prefix: string;
  /** The COPY that takes the rows at these places out, and gives what is kept of them. */
  readonly sql: (leaf: Named, places: string) => string;
  /** Told of each batch that is gone. */
  readonly gone?: (leaf: Leaf) => void;
  /** Number and checksum of the rows at these places. */
  readonly digest?: (leaf: Named, places: string) => string;
  /** Looks once more, when the rows are locked, whether they may go. Throws {@link OpError} where they may not. */
  readonly refuse?: (session: Session, leaf: Leaf, places: string) => Promise<void>;
}

/** Seconds that a lock on a table is waited for: whoever comes later stands behind. */
export const LOCK_SECONDS = 2;

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
  keeper: Keeper,
  taking: Taking,
  leaf: Leaf,
  places: string,
): Promise<number> {
  try {
    await session.sql(
      `BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL lock_timeout = '${LOCK_SECONDS}s'; ${byIndex(taking.indexed)}`,
    );
    const [locked] = await session.sql(lockSql(leaf, taking.condition, places));
    const had = Number(locked?.rows) === 0 ? undefined : String(locked?.places);
    if (had !== undefined) await taking.refuse?.(session, leaf, had);
    const part = had === undefined ? undefined : await taken(session, keeper, taking, leaf, had);
    if (part === undefined) {
      await session.sql('ROLLBACK');
      return 0;
    }
    io.crashPoint('rows:archived');
    await note(io, session, keeper, taking.prefix, part);
    io.crashPoint('rows:noted');
    await session.sql('COMMIT');
    io.crashPoint('rows:committed');
    keeper.pending = undefined;
    part.keep();
    taking.gone?.(leaf);
    return part.rows;
  } catch (error) {
    await rolledBack(session);
    await settle(io, keeper, taking.prefix);
    throw error;
  }
}

/**
 * Writes into the journal which transaction decides about a part, before it is committed. Throws {@link OpError}; the
 * part is gone then.
 */
export async function note(
  io: StepIo,
  session: Session,
  keeper: Keeper,
  prefix: string,
  part: PendingPart,
  more: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  try {
    const [row] = await session.sql('SELECT pg_current_xact_id()::text AS xid');
    const { keep: _, drop: __, ...noted } = part;
    const xid = String(row?.xid);
    io.record({ [partFact(keeper.parts + 1, prefix)]: { xid, ...noted, ...more } });
    keeper.pending = { part, xid };
  } catch (error) {
    await part.drop();
    throw error;
  }
}

/**
 * Finds out about a part whose connection broke at the end of its transaction, perhaps after the server had committed it.
 * Answers whether it was. Throws {@link OpError} or DbError.
 */
export async function settle(io: StepIo, keeper: Keeper, prefix: string): Promise<boolean> {
  const { pending } = keeper;
  if (pending === undefined) return false;
  const { part, xid } = pending;
  const asking = await rowsSession(io);
  try {
    const committed = await wasCommitted(asking, xid, part.file);
    if (committed) part.keep();
    else {
      io.record({ [partFact(keeper.parts + 1, prefix)]: null });
      await part.drop();
    }
    keeper.pending = undefined;
    return committed;
  } finally {
    await asking.close();
  }
}

async function taken(
  session: Session,
  keeper: Keeper,
  { leaves, condition, sql, digest }: Taking,
  leaf: Leaf,
  places: string,
): Promise<PendingPart | undefined> {
  const table = fullName(leaf.schema, leaf.name);
  const oids = [leaves.map(({ oid }) => oid)];
  const [seen] = digest === undefined ? [] : await session.sql(digest(leaf, places));
  const [before] = await session.sql(INSERTED, oids);
  const part = await keeper.part(
    table,
    (take) => session.copyOut(sql(leaf, places), take),
    seen === undefined ? undefined : String(seen.digest),
  );
  try {
    const [left] = await session.sql(leftSql(leaf, condition, places));
    if (Number(left?.rows) > 0) throw takeErrors.suppressed({ table, rows: Number(left?.rows) });
    const [after] = await session.sql(INSERTED, oids);
    const inserted = Number(after?.rows) - Number(before?.rows);
    if (inserted > 0) throw takeErrors.inserted({ table, rows: inserted });
    if (seen !== undefined && Number(seen.rows) !== part.rows)
      throw takeErrors.uneven({ table, seen: Number(seen.rows), taken: part.rows });
    if (part.rows > 0) return part;
    // what the condition is about has changed meanwhile
    await part.drop();
    return undefined;
  } catch (error) {
    await part.drop();
    throw error;
  }
}
