import { quoteLiteral } from '../../../db/ident.ts';
import type { Session } from '../../../db/session.ts';
import { engineErrors, type LockHolder } from '../errors.ts';
import type { LockName } from '../plan.ts';

/** The statement that tries to take a lock: as it is sent, and as it is shown. */
export function tryLockSql(lock: LockName): string {
  return `SELECT /* pgdeck */ pg_try_advisory_lock(hashtextextended(${quoteLiteral(lockKey(lock)).trim()}, 0)) AS got`;
}

export function lockKey({ family, database }: LockName): string {
  return `pgdeck:${family}:${database}`;
}

/**
 * Takes the locks of a run; they are held until the session is closed, or dies with this process.
 * Throws {@link OpError} when another run holds one.
 */
export async function takeLocks(session: Session, locks: readonly LockName[]): Promise<void> {
  // in one order everywhere; none is waited for, so that there is no deadlock to fear
  for (const lock of locks) {
    const [row] = await session.sql(tryLockSql(lock));
    if (row?.got !== true) throw engineErrors.locked({ ...lock, holder: await holderOf(session, lock) });
  }
}

/** The session that holds an advisory lock of this database, by its key. */
const HELD = `FROM pg_locks l, (SELECT hashtextextended($1, 0) AS key) k
       WHERE locktype = 'advisory' AND objsubid = 1 AND granted
         AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
         AND classid::bigint = (k.key >> 32) & 4294967295 AND objid::bigint = k.key & 4294967295`;

/** The session that holds a lock; undefined where it is over by now. */
async function holderOf(session: Session, lock: LockName): Promise<LockHolder | undefined> {
  const [row] = await session.sql(
    `SELECT a.pid, a.application_name, a.usename::text, host(a.client_addr) AS address
     FROM pg_stat_activity a WHERE a.pid IN (SELECT l.pid ${HELD})`,
    [lockKey(lock)],
  );
  if (row === undefined) return undefined;
  const { pid, application_name: name, usename: user, address } = row;
  return {
    run: /^pgdeck-lock:([\w-]+)$/.exec(String(name ?? ''))?.[1],
    pid: Number(pid),
    user: user === null ? null : String(user),
    address: address === null ? null : String(address),
  };
}

/** Whether a run that holds this lock is alive, here or on another machine. */
export async function isLocked(session: Session, lock: LockName): Promise<boolean> {
  const [row] = await session.sql(`SELECT EXISTS (SELECT 1 ${HELD}) AS held`, [lockKey(lock)]);
  return row?.held === true;
}
