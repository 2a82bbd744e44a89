import { setTimeout as delay } from 'node:timers/promises';
import type { Session } from '../../../db/session.ts';
import { duration } from '../../../text/units.ts';
import type { StepIo } from '../../engine/plan.ts';
import { lockKey, tryLockSql } from '../../engine/run/lock.ts';
import type { OpError } from '../../error.ts';
import { endWithClient, type Worker } from '../../maintain/shared/sessions.ts';
import { migrateErrors } from '../errors.ts';
import { type MigrateLockHolder, migrateLockHolder } from '../queries/lock.ts';
import type { Held } from '../types.ts';

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 1_000;

/** The name of the advisory lock of migrations; it is taken in the database that is migrated. */
function migrateLock(database: string): string {
  return lockKey({ family: 'migrate', database });
}

/**
 * One run of migrations at a time. The lock is held by the session that works, so that it is let go when the work is
 * over on the server, and not before: what a killed process has begun there may go on for a while.
 */
export class MigrateLock implements Held {
  readonly #name: string;
  /** The statement that tries to take it. */
  readonly sql: string;
  #worker: Worker | undefined;

  constructor(database: string) {
    this.#name = migrateLock(database);
    this.sql = tryLockSql({ family: 'migrate', database });
  }

  /**
   * Opens the session and takes the lock; waits `wait` seconds for another run and tells who it is. Returns whether it
   * had to wait. Throws {@link OpError} that names the holder when the time is over, DbError.
   */
  async take(io: StepIo, wait: number): Promise<boolean> {
    const session = await io.connect(undefined, 'migration');
    const worker: Worker = { session, listener: () => {} };
    session.onNotice((notice) => worker.listener(notice));
    this.#worker = worker;
    await endWithClient(session);
    const began = performance.now();
    let told: number | undefined;
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      // never pg_advisory_lock(): the snapshot of one that waits in it stops every CREATE INDEX CONCURRENTLY
      if (await this.#try(session)) {
        io.waits(undefined);
        return told !== undefined;
      }
      const [holder] = await session.run(migrateLockHolder, this.#name);
      const left = wait - (performance.now() - began) / 1000;
      if (left <= 0) throw busy(holder, wait);
      if (holder !== undefined) io.waits(holderOf(holder), left);
      if (holder !== undefined && told !== holder.pid)
        io.line(`Another migration run is active: ${holderOf(holder)}. Waiting ${duration(left)} for it.`);
      told = holder?.pid ?? told ?? 0;
      await delay(Math.min(pause, left * 1000), undefined, { signal: io.signal });
    }
  }

  /** The session that holds it. Throws {@link OpError} when it is lost: then somebody else may be at work. */
  async worker(): Promise<Worker> {
    const worker = this.#worker;
    if (worker === undefined || worker.session.lost) throw migrateErrors.lockLost();
    const { session } = worker;
    const holders = await session.run(migrateLockHolder, this.#name);
    // a migration may have let all advisory locks go
    if (!holders.some(({ own }) => own) && !(await this.#try(session))) throw busy(holders[0], 0);
    return worker;
  }

  async #try(session: Session): Promise<boolean> {
    const [row] = await session.sql(this.sql);
    return row?.got === true;
  }
}

/** Who runs migrations in this database now, in one sentence; undefined when nobody does. Throws DbError. */
export async function atWork(session: Session, database: string): Promise<string | undefined> {
  const [holder] = await session.run(migrateLockHolder, migrateLock(database));
  return holder === undefined || holder.own
    ? undefined
    : `Another migration run is active: ${holderOf(holder)}.`;
}

function busy(holder: MigrateLockHolder | undefined, waited: number): OpError {
  return migrateErrors.busy({ holder: holder && { pid: holder.pid, who: holderOf(holder) }, waited });
}

/** `session 4711 (ann from 10.0.0.7, pgdeck:20260102…, since 2026-01-02T03:04:05Z, for 12s)`. */
function holderOf({
  pid,
  usename,
  client_addr,
  application_name,
  backend_start,
  seconds,
}: MigrateLockHolder): string {
  const facts = [
    usename === null
      ? undefined
      : `${usename} ${client_addr === null ? 'over a socket' : `from ${client_addr}`}`,
    application_name,
    backend_start === null ? undefined : `since ${backend_start}`,
    seconds === null ? undefined : `for ${duration(seconds)}`,
  ].filter((one) => one !== undefined && one !== '' && one !== null);
  return `session ${pid}${facts.length === 0 ? '' : ` (${facts.join(', ')})`}`;
}
