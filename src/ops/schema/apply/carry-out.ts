import { DbError } from '../../../db/errors.ts';
import { fullName } from '../../../db/ident.ts';
import { sweep } from '../../concurrently/doubts.ts';
import { CREATE_PHASES, runWatched } from '../../concurrently/wait.ts';
import { KEPT, type StepIo } from '../../engine/plan.ts';
import { withLockRetries } from '../../maintain/shared/retry.ts';
import { lockTimeoutSql } from '../../maintain/shared/statement.ts';
import { locksOf } from '../fix/locks.ts';
import { fixErrors } from './errors.ts';
import { forbidden, orphansCommand } from './rows.ts';
import { SETTINGS, type Shared, type Work } from './shared.ts';

/** Somebody who has cancelled wants an answer: what cannot be removed in that many seconds is left to `recover`. */
const SWEEP_SECONDS = 5;

/** SQLSTATEs of a name that is not there. */
const UNDEFINED = new Set(['42P01', '42883', '42704', '42703', '3F000']);

/** Makes one addition. Throws OpError, DbError: the others go on. */
export async function carryOut(io: StepIo, shared: Shared, work: Work, last = false): Promise<void> {
  const { addition } = work;
  const key = JSON.stringify(addition.subject);
  const { progress } = shared;
  if (progress.failed.has(key)) throw fixErrors.before();
  try {
    await withoutForbidden(io, shared, work);
    if (addition.alone && addition.statements[0]?.sql.includes(' CONCURRENTLY ') === true)
      await concurrently(io, shared, work);
    else await atOnce(io, shared, work);
    progress.done.push(work);
  } catch (error) {
    if (io.signal.aborted) throw error;
    if (shared.circle && !last && error instanceof DbError && UNDEFINED.has(error.code ?? '')) {
      io.line(`${error.message} It is tried again when the others are there.`);
      progress.again.push(work);
      return;
    }
    progress.failed.add(key);
    throw await explained(io, shared, work, error);
  }
}

/** What rows are known to forbid is not tried: it would take long, and fail. */
async function withoutForbidden(io: StepIo, { sessions, sides }: Shared, { addition }: Work): Promise<void> {
  if (addition.reads === undefined) return;
  const found = await forbidden(await sessions.watcher(io), addition, sides);
  if (found === undefined || found.rows === null || found.rows === 0) return;
  const next = orphansCommand(addition);
  throw fixErrors.forbidden({
    rows: found.rows,
    why: found.why,
    query: found.query,
    ...(next !== undefined && { next: `To remove them: ${next}` }),
  });
}

/** In one transaction, in short attempts; what has to be alone is one by itself. */
async function atOnce(io: StepIo, shared: Shared, { addition, title }: Work): Promise<void> {
  const { sessions, patience } = shared;
  const { statements, alone } = addition;
  const look = () => sessions.watcher(io);
  const locks = locksOf(addition, shared.sides.actual);
  const oids: number[] = [];
  for (const { on, below } of locks)
    for (const name of [on, ...below]) oids.push(...(await oidsOf(shared, io, name)));
  const wanted = {
    name:
      locks.length === 0 ? title : locks.map(({ on }) => fullName(on[0] ?? null, on[1] ?? '')).join(' or '),
    oids,
    mode: locks.every(({ lock }) => lock === 'ShareUpdateExclusiveLock')
      ? ('ShareUpdateExclusiveLock' as const)
      : ('AccessExclusiveLock' as const),
  };
  await withLockRetries(io, { wanted, patience, look }, async () => {
    const { session } = await sessions.worker(io);
    await session.sql(`${SETTINGS}; ${lockTimeoutSql(patience.lockTimeout)}`);
    if (alone) {
      for (const { sql } of statements) await session.single(sql);
      return;
    }
    await session.sql('BEGIN');
    try {
      for (const { sql } of statements) await session.single(sql);
      io.crashPoint('fix:uncommitted');
      await session.sql('COMMIT');
    } catch (error) {
      await session.sql('ROLLBACK').catch(() => {});
      throw error;
    }
  });
}

async function oidsOf({ sessions }: Shared, io: StepIo, on: readonly string[]): Promise<number[]> {
  const watcher = await sessions.watcher(io);
  const rows = await watcher.sql(
    `SELECT c.oid::int8::text AS oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = $1 AND c.relname = $2`,
    [on[0], on[1]],
  );
  return rows.map(({ oid }) => Number(oid));
}

/** An index, while others write. What it would leave when it fails is on record before. */
async function concurrently(io: StepIo, shared: Shared, { id, addition, title }: Work): Promise<void> {
  const { sessions, doubts } = shared;
  const [statement] = addition.statements;
  const on = addition.on ?? [];
  if (statement === undefined) return;
  const { session } = await sessions.worker(io);
  await session.sql(SETTINGS);
  const [oid] = await oidsOf(shared, io, on);
  const creates = statement.sql.startsWith('CREATE ') ? (addition.subject.name[2] ?? '') : undefined;
  if (oid !== undefined)
    await doubts.begin(io, await sessions.watcher(io), id, {
      oid,
      name: fullName(on[0] ?? null, on[1] ?? ''),
      ...(creates !== undefined && { creates }),
    });
  io.crashPoint('fix:doubted');
  try {
    // CONCURRENTLY waits as long as it has to: a timeout in its middle leaves an invalid index
    await runWatched(io, sessions, statement.sql, {
      label: title,
      lockTimeout: 0,
      lone: true,
      ...(creates !== undefined && { phases: CREATE_PHASES }),
    });
  } catch (error) {
    if (!io.signal.aborted) await takeBack(io, shared, id).catch(() => {});
    throw error;
  }
  doubts.settle(io, id);
}

/** Removes what an index that was not finished has left; it is tried again when the run ends. */
export async function takeBack(io: StepIo, { doubts }: Shared, id: string): Promise<typeof KEPT | undefined> {
  const doubt = doubts.of(id);
  if (doubt === undefined) return KEPT;
  await sweep(io, [doubt], { patience: SWEEP_SECONDS, applicationName: io.applicationName });
  doubts.settle(io, id);
  return undefined;
}

/** With who may, where this role may not; with the rows, where they forbid it after all. */
async function explained(io: StepIo, shared: Shared, { addition }: Work, error: unknown): Promise<unknown> {
  if (!(error instanceof DbError)) return error;
  if (error.code === '42501') {
    const owner = await ownerOf(io, shared, addition.on ?? [addition.subject.name[0] ?? '']).catch(
      () => undefined,
    );
    return fixErrors.refusedBy({ why: error.message, owner, hint: error.next }, error);
  }
  return error;
}

async function ownerOf(
  io: StepIo,
  { sessions }: Shared,
  name: readonly string[],
): Promise<string | undefined> {
  const watcher = await sessions.watcher(io);
  const [row] = await watcher.sql(
    name.length > 1
      ? `SELECT pg_catalog.pg_get_userbyid(c.relowner)::text AS owner FROM pg_catalog.pg_class c
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2`
      : 'SELECT pg_catalog.pg_get_userbyid(nspowner)::text AS owner FROM pg_catalog.pg_namespace WHERE nspname = $1',
    [...name],
  );
  return row === undefined ? undefined : String(row.owner);
}
