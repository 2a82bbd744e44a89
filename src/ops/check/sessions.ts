import { setTimeout as delay } from 'node:timers/promises';
import { DbError } from '../../db/errors.ts';
import type { Session } from '../../db/session.ts';
import type { StepIo } from '../engine/plan.ts';
import { MaintenanceSessions } from '../maintain/shared/sessions.ts';
import { lockTimeoutSql } from '../maintain/shared/statement.ts';
import { processesSince } from './queries/amcheck.ts';

/** How long a server may take to recover from a crash before the rest is given up. */
const RECOVERY_MS = 60_000;
const PAUSE_MS = 250;

/** A check is a query: nothing of it may write, and a damaged page is told, never emptied or passed over. */
const QUIET = [
  'default_transaction_read_only = on',
  'max_parallel_workers_per_gather = 0',
  'row_security = off',
];
/** A superuser's to set; where somebody else finds them on, the plan does not run. */
const HONEST = ['zero_damaged_pages = off', 'ignore_checksum_failure = off'];

/** The sessions of a run, opened again after a crash of the server. */
export class CheckSessions {
  readonly #sessions = new MaintenanceSessions();
  readonly #lockTimeout: number;
  /** `performance.now()` at which nothing more is begun; undefined: never. */
  readonly #seconds: number | undefined;
  #until: number | undefined;
  #ready: Session | undefined;
  #since: string | null | undefined;

  constructor({
    lockTimeout,
    seconds,
  }: { readonly lockTimeout: number; readonly seconds: number | undefined }) {
    this.#lockTimeout = lockTimeout;
    this.#seconds = seconds;
  }

  /** Seconds that are left; undefined: no end. Counted from when it is first asked. */
  left(): number | undefined {
    if (this.#seconds === undefined) return undefined;
    this.#until ??= performance.now() + this.#seconds * 1000;
    return (this.#until - performance.now()) / 1000;
  }

  /**
   * The session that looks, with `seconds` for its next statement (0: no end). After a crash it waits until the server
   * is there again. Throws DbError.
   */
  async worker(io: StepIo, seconds = 0): Promise<Session> {
    const until = performance.now() + RECOVERY_MS;
    for (;;) {
      try {
        const { session } = await this.#sessions.worker(io);
        if (this.#ready !== session) await this.#prepare(session);
        await session.sql(`SET statement_timeout = ${Math.max(0, Math.ceil(seconds * 1000))}`);
        return session;
      } catch (error) {
        const away = error instanceof DbError && ['starting', 'lost', 'unreachable'].includes(error.kind);
        if (!away || performance.now() > until) throw error;
        await delay(PAUSE_MS, undefined, { signal: io.signal });
      }
    }
  }

  /** The session that sees who is in the way. Throws DbError. */
  watcher(io: StepIo): Promise<Session> {
    return this.#sessions.watcher(io);
  }

  /** Whether the server has started all its processes anew since it was last asked. Throws DbError. */
  async crashed(session: Session): Promise<boolean> {
    const before = this.#since;
    this.#since = (await session.run(processesSince, undefined))[0]?.since ?? null;
    return before !== undefined && before !== null && this.#since !== null && before !== this.#since;
  }

  async #prepare(session: Session): Promise<void> {
    const { superuser } = session.server.rights;
    for (const setting of [...QUIET, ...(superuser ? HONEST : [])]) await session.sql(`SET ${setting}`);
    await session.sql(lockTimeoutSql(this.#lockTimeout));
    if (this.#since === undefined) await this.crashed(session);
    this.#ready = session;
  }
}
