import { rm, writeFile } from 'node:fs/promises';
import { connect, type Session } from '../../../src/db/client.ts';
import { as, type Stage } from './stage.ts';

/** Something that goes wrong for a while. */
export interface Trouble {
  readonly check: string;
  readonly object: string | null;
  /** Makes it so, or keeps it so: called again and again while it is to last. */
  hold(): Promise<void>;
  /** Called again when it fails. */
  end(): Promise<void>;
}

export function troubles(stage: Stage): Trouble[] {
  return [new Locks(stage), new Lag(stage), new Archiver(stage)];
}

const WAITERS = 3;

/** A queue behind a lock. A restart of the server ends its sessions: it comes back. */
class Locks implements Trouble {
  readonly check = 'lock_wait';
  readonly object = 'orders';
  readonly #stage: Stage;
  #sessions: Session[] = [];

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  async hold(): Promise<void> {
    if (this.#sessions.length > 0) return;
    try {
      const holder = await this.#open();
      await holder.sql('BEGIN');
      await holder.sql('LOCK orders');
      for (let i = 0; i < WAITERS; i++) {
        const waiter = await this.#open();
        // it is ended by the server's restart
        void waiter.sql('SELECT count(*) FROM orders').catch(() => {});
      }
    } catch (error) {
      // all of it or nothing
      await this.end();
      throw error;
    }
  }

  async end(): Promise<void> {
    const sessions = this.#sessions.splice(0);
    for (const session of sessions) await session.close();
  }

  async #open(): Promise<Session> {
    const session = await connect(this.#stage.primary.target(), 'workload', 'shop');
    this.#sessions.push(session);
    session.onLost(() => {
      this.#sessions = [];
    });
    return session;
  }
}

/** A standby that replays nothing while there is much to replay. */
class Lag implements Trouble {
  readonly check = 'replication_lag';
  readonly object = 'replica';
  readonly #stage: Stage;

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  async hold(): Promise<void> {
    await as(this.#stage.standby, (session) => session.sql('SELECT pg_wal_replay_pause()'));
    await as(this.#stage.primary, (session) => session.sql("SELECT pg_logical_emit_message(false, '', 'x')"));
    // it is flushed by who writes after it
    await as(this.#stage.primary, (session) => session.sql('SELECT txid_current()'));
  }

  async end(): Promise<void> {
    await as(this.#stage.standby, (session) => session.sql('SELECT pg_wal_replay_resume()'));
  }
}

/** The archiver waits a minute after three failures, or until there is another segment. */
class Archiver implements Trouble {
  readonly check = 'archiver';
  readonly object = null;
  readonly #stage: Stage;
  #full = false;

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  async hold(): Promise<void> {
    if (this.#full) return;
    await writeFile(this.#stage.flag, '', { mode: 0o644 });
    await this.#next();
    this.#full = true;
  }

  async end(): Promise<void> {
    await rm(this.#stage.flag, { force: true });
    await this.#next();
    this.#full = false;
  }

  async #next(): Promise<void> {
    await as(this.#stage.primary, async (session) => {
      await session.sql("SELECT pg_logical_emit_message(true, '', 'x')");
      await session.sql('SELECT pg_switch_wal()');
    });
  }
}
