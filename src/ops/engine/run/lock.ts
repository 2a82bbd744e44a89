import { quoteLiteral } from '../../../db/ident.ts';
import type { Session } from '../../../db/session.ts';
import { OpError } from '../../error.ts';
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
    if (row?.got !== true)
      throw new OpError(
        'refused',
        `Another ${lock.family} of ${lock.database} is running${await holderOf(session, lock)}.`,
        'Wait for it, or see it with: pgdeck runs list',
      );
  }
}

/** The session that holds an advisory lock of this database, by its key. */
const HELD = `FROM pg_locks l, (SELECT hashtextextended($1, 0) AS key) k
       WHERE locktype = 'advisory' AND objsubid = 1 AND granted
         AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
         AND classid::bigint = (k.key >> 32) & 4294967295 AND objid::bigint = k.key & 4294967295`;

/** `: run 20260102…, session 4711 of ann from 10.0.0.7`; empty where it is over by now. */
async function holderOf(session: Session, lock: LockName): Promise<string> {
  const [row] = await session.sql(
    `SELECT a.pid, a.application_name, a.usename::text, host(a.client_addr) AS address
     FROM pg_stat_activity a WHERE a.pid IN (SELECT l.pid ${HELD})`,
    [lockKey(lock)],
  );
  if (row === undefined) return '';
  const run = /^pgdeck-lock:([\w-]+)$/.exec(String(row.application_name ?? ''))?.[1];
  const from = row.address === null ? '' : ` from ${row.address}`;
  const who = row.usename === null ? '' : ` of ${row.usename}${from}`;
  return `: ${run === undefined ? '' : `run ${run}, `}session ${row.pid}${who}`;
}

/** Whether a run that holds this lock is alive, here or on another machine. */
export async function isLocked(session: Session, lock: LockName): Promise<boolean> {
  const [row] = await session.sql(`SELECT EXISTS (SELECT 1 ${HELD}) AS held`, [lockKey(lock)]);
  return row?.held === true;
}
