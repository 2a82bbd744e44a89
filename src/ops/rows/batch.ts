import { DbError } from '../../db/errors.ts';
import { fullName, quoteRelation } from '../../db/ident.ts';
import type { Session } from '../../db/session.ts';
import type { PendingPart } from '../archive/rows/writer.ts';
import type { StepIo } from '../engine/plan.ts';
import type { Keeper } from './counter.ts';
import { takeErrors } from './errors.ts';
import { partFact, wasCommitted } from './noted.ts';
import { type KnownKeys, newKeys } from './queries/keys.ts';
import type { Leaf } from './queries/tables.ts';
import { byIndex, pathSql, rolledBack, rowsSession } from './session.ts';
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
  /** With what triggers find their tables, and names in values are written. */
  readonly searchPath: string;
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
  /** The keys that refer to the table and its partitions, as they were looked at. */
  readonly known: KnownKeys;
}

/** Seconds that a lock on a table is waited for: whoever comes later stands behind. */
export const LOCK_SECONDS = 2;

/** How many rows were inserted into these tables by the transaction so far. */
const inserted = (leaves: readonly Leaf[]) =>
  `(SELECT sum(pg_stat_get_xact_tuples_inserted(oid))::float8 FROM unnest('{${leaves.map(({ oid }) => oid).join(',')}}'::oid[]) oid) AS inserted`;

/** What one batch has taken out. */
export interface Taken {
  readonly rows: number;
  /** How long its rows were locked. */
  readonly heldMs: number;
}

/** A part whose rows are gone in a transaction that is open. */
interface Open {
  readonly part: PendingPart;
  /** When the first of its rows was locked. */
  readonly since: number;
}

/** Somebody has changed or locked one of the rows meanwhile. */
const CHANGED = Symbol('changed');

/** A row was changed since the snapshot, or another one refers to it since. */
const AGAIN = new Set(['40001', '23503']);

/** What the server refuses since a row was changed after the snapshot that it was archived in. */
async function unlessChanged<T>(way: Promise<T>): Promise<T | typeof CHANGED> {
  try {
    return await way;
  } catch (error) {
    if (error instanceof DbError && AGAIN.has(error.code ?? '')) return CHANGED;
    throw error;
  }
}

/**
 * Takes one batch of rows out, in one transaction: what is gone is in a part of the archive, on the disk, and noted in
 * the journal before it is committed. Throws {@link OpError} or DbError; nothing was done then.
 */
export async function takeBatch(
  io: StepIo,
  session: Session,
  keeper: Keeper,
  taking: Taking,
  leaf: Leaf,
  places: string,
): Promise<Taken> {
  const ways = taking.copy === undefined ? [lockedFirst] : [archivedFirst, lockedFirst];
  try {
    for (const way of ways) {
      const done = way(io, session, keeper, taking, leaf, places);
      const open = await (way === archivedFirst ? unlessChanged(done) : done);
      if (open === CHANGED || open === undefined) {
        await session.sql('ROLLBACK');
        await forgotten(io, keeper, taking.prefix);
        if (open === undefined) break;
        continue;
      }
      await session.sql('COMMIT');
      io.crashPoint('rows:committed');
      const heldMs = performance.now() - open.since;
      keeper.pending = undefined;
      open.part.keep();
      taking.gone?.(leaf);
      return { rows: open.part.rows, heldMs };
    }
    return { rows: 0, heldMs: 0 };
  } catch (error) {
    await rolledBack(session);
    await settle(io, keeper, taking.prefix);
    throw error;
  }
}

/** Before the snapshot is taken: from then on nobody makes a key that refers to these rows. */
function beginSql(isolation: string, { indexed }: Taking, leaf: Leaf): string {
  return `BEGIN ISOLATION LEVEL ${isolation} READ WRITE; SET LOCAL lock_timeout = '${LOCK_SECONDS}s'; ${byIndex(indexed)}; LOCK TABLE ONLY ${quoteRelation(leaf)} IN ROW EXCLUSIVE MODE`;
}

/**
 * Archives the rows before they are locked: packing them and waiting for the disk keeps nobody. In one snapshot, so that
 * exactly what was archived is deleted: where somebody has changed a row since, the server refuses.
 */
async function archivedFirst(
  io: StepIo,
  session: Session,
  keeper: Keeper,
  taking: Taking,
  leaf: Leaf,
  places: string,
): Promise<Open | typeof CHANGED | undefined> {
  const { condition, copy, digest, refuse } = taking;
  if (copy === undefined) return CHANGED;
  await session.sql(beginSql('REPEATABLE READ', taking, leaf));
  await session.sql(pathSql(taking.searchPath));
  const [before] = await session.sql(beforeSql(taking, leaf, places));
  const part = await keeper.part(
    fullName(leaf.schema, leaf.name),
    (take) => session.copyOut(copy(leaf, places), take),
    digest === undefined ? undefined : String(before?.digest),
  );
  if (part.rows === 0) {
    await part.drop();
    return undefined;
  }
  io.crashPoint('rows:archived');
  // from here on its transaction decides about the part
  await note(io, session, keeper, taking.prefix, part);
  io.crashPoint('rows:noted');
  const since = performance.now();
  const [locked] = await session.sql(lockSql(leaf, condition, places));
  if (Number(locked?.rows) !== part.rows) return CHANGED;
  await refuse?.(session, leaf, places);
  await session.sql(`DELETE FROM ONLY ${quoteRelation(leaf)} c WHERE ${atPlaces(places)} AND ${condition}`);
  await refuseOthers(session, taking, leaf, places, before, part.rows);
  return { part, since };
}

/** Locks those of the rows that nobody else has, and archives them as they go. */
async function lockedFirst(
  io: StepIo,
  session: Session,
  keeper: Keeper,
  taking: Taking,
  leaf: Leaf,
  asked: string,
): Promise<Open | undefined> {
  const { condition, sql, digest, refuse } = taking;
  await session.sql(beginSql('READ COMMITTED', taking, leaf));
  await session.sql(pathSql(taking.searchPath));
  const since = performance.now();
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
  } catch (error) {
    await part.drop();
    throw error;
  }
  if (part.rows === 0) {
    // what the condition is about has changed meanwhile
    await part.drop();
    return undefined;
  }
  io.crashPoint('rows:archived');
  await note(io, session, keeper, taking.prefix, part);
  io.crashPoint('rows:noted');
  return { part, since };
}

/** What is asked for together takes one round trip. */
function beforeSql({ leaves, digest }: Taking, leaf: Leaf, places: string): string {
  const count = inserted(leaves);
  return digest === undefined ? `SELECT ${count}` : `SELECT x.*, ${count} FROM (${digest(leaf, places)}) x`;
}

/** Exactly these rows are gone, and no others came. Throws {@link OpError}. */
async function refuseOthers(
  session: Session,
  { leaves, condition, digest, known, table: whole }: Taking,
  leaf: Leaf,
  places: string,
  before: Record<string, unknown> | undefined,
  taken: number,
): Promise<void> {
  // nobody can make one while the transaction has its lock
  const [made] = await session.run(newKeys, known);
  if (made !== undefined) throw takeErrors.newKey({ ...made, to: whole });
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

/** A part whose transaction was rolled back here is none. */
async function forgotten(io: StepIo, keeper: Keeper, prefix: string): Promise<void> {
  const { pending } = keeper;
  if (pending === undefined) return;
  io.record({ [partFact(keeper.parts + 1, prefix)]: null });
  await pending.part.drop();
  keeper.pending = undefined;
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
