import { DbError } from '../../db/errors.ts';
import { fullName, quoteRelation } from '../../db/ident.ts';
import type { Session } from '../../db/session.ts';
import type { PendingPart } from '../archive/rows/writer.ts';
import type { StepIo } from '../engine/plan.ts';
import type { Leaf } from '../orphans/queries/tables.ts';
import type { Keeper } from './counter.ts';
import { takeErrors } from './errors.ts';
import { partFact, wasCommitted } from './noted.ts';
import { byIndex, rolledBack, rowsSession } from './session.ts';
import { atPlaces, leftSql, lockSql, type Named } from './sql.ts';

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
  /** The COPY of what is kept of these rows, which leaves them there. */
  readonly copy?: (leaf: Named, places: string) => string;
  /** Looks once more, when the rows are locked, whether they may go. Throws {@link OpError} where they may not. */
  readonly refuse?: (session: Session, leaf: Leaf, places: string) => Promise<void>;
}

/** Seconds that a lock on a table is waited for: whoever comes later stands behind. */
export const LOCK_SECONDS = 2;

/** How many rows were inserted into these tables by the transaction so far. */
const inserted = (leaves: readonly Leaf[]) =>
  `(SELECT sum(pg_stat_get_xact_tuples_inserted(oid))::float8 FROM unnest('{${leaves.map(({ oid }) => oid).join(',')}}'::oid[]) oid) AS inserted`;

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
  const ahead =
    taking.copy &&
    (await tried(io, session, keeper, taking, () => archivedFirst(session, keeper, taking, leaf, places)));
  if (ahead !== undefined && ahead !== CHANGED) return finished(io, session, keeper, taking, leaf, ahead);
  const part = await tried(io, session, keeper, taking, () =>
    lockedFirst(session, keeper, taking, leaf, places),
  );
  return part === undefined || part === CHANGED ? 0 : finished(io, session, keeper, taking, leaf, part);
}

/** Somebody has changed or locked one of the rows meanwhile. */
const CHANGED = 'changed';

/** Does what leaves a transaction open, with a part that belongs to it; without one it is over, as after an error. */
async function tried(
  io: StepIo,
  session: Session,
  keeper: Keeper,
  { prefix }: Taking,
  work: () => Promise<PendingPart | typeof CHANGED | undefined>,
): Promise<PendingPart | typeof CHANGED | undefined> {
  try {
    const part = await work();
    if (part === undefined || part === CHANGED) await session.sql('ROLLBACK');
    return part;
  } catch (error) {
    await rolledBack(session);
    await settle(io, keeper, prefix);
    if (error instanceof DbError && error.code === '40001') return CHANGED;
    throw error;
  }
}

async function finished(
  io: StepIo,
  session: Session,
  keeper: Keeper,
  taking: Taking,
  leaf: Leaf,
  part: PendingPart,
): Promise<number> {
  try {
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

function beginSql(isolation: string, { indexed }: Taking): string {
  return `BEGIN ISOLATION LEVEL ${isolation} READ WRITE; SET LOCAL lock_timeout = '${LOCK_SECONDS}s'; ${byIndex(indexed)}`;
}

/**
 * Archives the rows before they are locked: packing them and waiting for the disk keeps nobody. In one snapshot, so that
 * exactly what was archived is deleted: where somebody has changed a row since, the server refuses.
 */
async function archivedFirst(
  session: Session,
  keeper: Keeper,
  taking: Taking,
  leaf: Leaf,
  places: string,
): Promise<PendingPart | typeof CHANGED | undefined> {
  const { leaves, condition, copy, digest, refuse } = taking;
  if (copy === undefined) return CHANGED;
  await session.sql(beginSql('REPEATABLE READ', taking));
  const [before] = await session.sql(beforeSql(taking, leaf, places));
  const part = await keeper.part(
    fullName(leaf.schema, leaf.name),
    (take) => session.copyOut(copy(leaf, places), take),
    digest === undefined ? undefined : String(before?.digest),
  );
  try {
    const [locked] = part.rows === 0 ? [] : await session.sql(lockSql(leaf, condition, places));
    if (Number(locked?.rows ?? 0) !== part.rows || part.rows === 0) {
      await part.drop();
      return part.rows === 0 ? undefined : CHANGED;
    }
    await refuse?.(session, leaf, places);
    await session.sql(`DELETE FROM ONLY ${quoteRelation(leaf)} c WHERE ${atPlaces(places)} AND ${condition}`);
    await refuseOthers(session, { leaves, condition, digest }, leaf, places, before, part.rows);
    return part;
  } catch (error) {
    await part.drop();
    throw error;
  }
}

/** Locks those of the rows that nobody else has, and archives them as they go. */
async function lockedFirst(
  session: Session,
  keeper: Keeper,
  taking: Taking,
  leaf: Leaf,
  asked: string,
): Promise<PendingPart | undefined> {
  const { condition, sql, digest, refuse } = taking;
  await session.sql(beginSql('READ COMMITTED', taking));
  const [locked] = await session.sql(lockSql(leaf, condition, asked));
  if (Number(locked?.rows) === 0) return undefined;
  const places = String(locked?.places);
  await refuse?.(session, leaf, places);
  const [before] = await session.sql(beforeSql(taking, leaf, places));
  const part = await keeper.part(
    fullName(leaf.schema, leaf.name),
    (take) => session.copyOut(sql(leaf, places), take),
    digest === undefined ? undefined : String(before?.digest),
  );
  try {
    await refuseOthers(session, taking, leaf, places, before, part.rows);
    if (part.rows > 0) return part;
    // what the condition is about has changed meanwhile
    await part.drop();
    return undefined;
  } catch (error) {
    await part.drop();
    throw error;
  }
}

/** What is asked for together takes one round trip. */
function beforeSql({ leaves, digest }: Taking, leaf: Leaf, places: string): string {
  const count = inserted(leaves);
  return digest === undefined ? `SELECT ${count}` : `SELECT x.*, ${count} FROM (${digest(leaf, places)}) x`;
}

/** Exactly these rows are gone, and no others came. Throws {@link OpError}. */
async function refuseOthers(
  session: Session,
  { leaves, condition, digest }: Pick<Taking, 'leaves' | 'condition' | 'digest'>,
  leaf: Leaf,
  places: string,
  before: Record<string, unknown> | undefined,
  taken: number,
): Promise<void> {
  const table = fullName(leaf.schema, leaf.name);
  const [after] = await session.sql(
    `SELECT x.rows, ${inserted(leaves)} FROM (${leftSql(leaf, condition, places)}) x`,
  );
  const left = Number(after?.rows);
  if (left > 0) throw takeErrors.suppressed({ table, rows: left });
  const more = Number(after?.inserted) - Number(before?.inserted);
  if (more > 0) throw takeErrors.inserted({ table, rows: more });
  if (digest !== undefined && Number(before?.rows) !== taken)
    throw takeErrors.uneven({ table, seen: Number(before?.rows), taken });
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
