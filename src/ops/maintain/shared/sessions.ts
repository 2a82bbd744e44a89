import { DbError } from '../../../db/errors.ts';
import type { Notice, Session } from '../../../db/session.ts';
import type { StepIo } from '../../engine/plan.ts';

/** How often the server looks whether its client is still there. */
export const CLIENT_CHECK_SECONDS = 2;

/** A session that works, and what the server has said over it since it was last asked. */
export interface Worker {
  readonly session: Session;
  /** Where notices go to: the step that runs now. */
  listener: (notice: Notice) => void;
}

/**
 * The two sessions of a maintenance run: one works, and one looks at it meanwhile. The steps of a run share them; they
 * are opened when first asked for, and again after they were lost.
 */
export class MaintenanceSessions {
  readonly #database: string | undefined;
  #worker: Worker | undefined;
  #watcher: Session | undefined;

  /** `database`: another one than the run's. */
  constructor(database?: string) {
    this.#database = database;
  }

  /** Throws DbError. */
  async worker(io: StepIo): Promise<Worker> {
    if (this.#worker !== undefined && !this.#worker.session.lost) return this.#worker;
    const session = await io.connect(this.#database);
    const worker: Worker = { session, listener: () => {} };
    session.onNotice((notice) => worker.listener(notice));
    await endWithClient(session);
    this.#worker = worker;
    return worker;
  }

  /** A session for looking: at progress, at locks, at sizes. Throws DbError. */
  async watcher(io: StepIo): Promise<Session> {
    if (this.#watcher !== undefined && !this.#watcher.lost) return this.#watcher;
    this.#watcher = await io.connect(this.#database);
    return this.#watcher;
  }
}

/** Has the server end what it does for a client that is gone; false where it cannot: before 14, and on some systems. */
export function endWithClient(session: Session): Promise<boolean> {
  return takes(session, `SET ${CLIENT_CHECK}`);
}

/** Whether the server could do that; nothing is left set. */
export function couldEndWithClient(session: Session): Promise<boolean> {
  // two statements in one message are one transaction
  return takes(session, `SET LOCAL ${CLIENT_CHECK}; SELECT 1`);
}

const CLIENT_CHECK = `client_connection_check_interval = '${CLIENT_CHECK_SECONDS}s'`;

async function takes(session: Session, sql: string): Promise<boolean> {
  if (session.server.major < 14) return false;
  try {
    await session.sql(sql);
    return true;
  } catch (error) {
    // not every operating system tells a server that its client hung up
    if (error instanceof DbError && error.kind !== 'lost') return false;
    throw error;
  }
}
