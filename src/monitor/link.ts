import { type DbError, dbError } from '../db/errors.ts';
import { quoteLiteral } from '../db/ident.ts';
import type { Purpose, Session } from '../db/session.ts';
import { sessionSettings } from '../db/session-settings.ts';
import type { Clock } from './clock.ts';
import type { LinkStatus } from './snapshot.ts';

/** The connections that watch one server. */
export interface Sessions {
  readonly fast: Session;
  readonly slow: Session;
  /** For cancel and terminate: opened at start, because no new one can be had when the slots are used up. */
  readonly control: Session;
  /** Why all three are one. */
  readonly limited?: DbError;
}

export interface LinkOptions {
  /** Opens a connection; throws DbError. */
  readonly connect: (purpose: Purpose) => Promise<Session>;
  readonly clock: Clock;
  /** 0 to 1, for the jitter of the back-off. */
  readonly random?: () => number;
  /** The first of the connections is there: what is asked on it goes while the others are opened. */
  readonly onFirst?: (fast: Session) => void;
  /** The status has changed; `sessions` is set before the first call of `connected`. */
  readonly onChange: (status: LinkStatus) => void;
}

const RETRY_FIRST_MS = 500;
const RETRY_MAX_MS = 30_000;
/** The slow backend's catalog caches grow with every relation it has looked at: begin anew now and then. */
const SLOW_SESSION_MS = 3_600_000;

/** Keeps the connections: opens them, notices when they break, and says when to try again. */
export class Link {
  readonly #options: LinkOptions;
  #sessions: Sessions | undefined;
  #status: LinkStatus = { state: 'connecting' };
  #slowSince = 0;
  #retries = 0;
  #connecting = false;
  #closed = false;

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  get sessions(): Sessions | undefined {
    return this.#sessions;
  }

  get status(): LinkStatus {
    return this.#status;
  }

  /** Opens all connections; does nothing while that is under way or once they are there. */
  async connect(): Promise<void> {
    if (this.#connecting || this.#sessions || this.#closed) return;
    this.#connecting = true;
    if (this.#status.state !== 'away') this.#set({ state: 'connecting' });
    try {
      const sessions = await this.#open(this.#options.onFirst);
      if (this.#closed) await closeAll(sessions);
      else this.#up(sessions);
    } catch (error) {
      if (!this.#closed) this.down(dbError(error));
    } finally {
      this.#connecting = false;
    }
  }

  /**
   * Opens new connections beside those that have not answered for long, and changes over only when that succeeds: a
   * network path that is dead gives no error, and where all slots are used up the old ones are all there is.
   */
  async renew(): Promise<void> {
    const before = this.#sessions;
    if (this.#connecting || !before || this.#closed) return;
    this.#connecting = true;
    try {
      const sessions = await this.#open();
      if (this.#sessions !== before || this.#closed) await closeAll(sessions);
      else {
        void closeAll(before);
        this.#up(sessions);
      }
    } catch {
      // not now: the old ones stay, and it is tried again while they are silent
    } finally {
      this.#connecting = false;
    }
  }

  /** All connections or none. */
  async #open(onFirst?: (fast: Session) => void): Promise<Sessions> {
    const opened: Session[] = [];
    const open = async (purpose: Purpose) => {
      const session = await this.#options.connect(purpose);
      opened.push(session);
      return session;
    };
    try {
      // one first: a failure is then reported once, and a password asked for once
      const fast = await open('fast');
      if (!this.#closed) onFirst?.(fast);
      const [slow, control] = await Promise.allSettled([open('slow'), open('control')]);
      if (slow.status === 'rejected' || control.status === 'rejected') {
        const reason = slow.status === 'rejected' ? slow : control;
        const error = dbError(reason.status === 'rejected' && reason.reason);
        // a limit of the role or the database that leaves one: all goes over it, one question after the other
        if (error.kind !== 'slots') throw error;
        await Promise.all(opened.filter((one) => one !== fast).map((one) => one.close()));
        await fast.sql(
          `SET statement_timeout = ${quoteLiteral(sessionSettings('slow', true).statement_timeout ?? '0')}`,
        );
        return { fast, slow: fast, control: fast, limited: error };
      }
      return { fast, slow: slow.value, control: control.value };
    } catch (error) {
      await Promise.all(opened.map((session) => session.close()));
      throw error;
    }
  }

  /** Connects when the time for the next attempt has come. */
  tick(): void {
    if (this.#status.state === 'away' && this.#options.clock.now() >= this.#status.retryAt)
      void this.connect();
  }

  #up(sessions: Sessions): void {
    this.#sessions = sessions;
    this.#slowSince = this.#options.clock.now();
    this.#retries = 0;
    for (const session of all(sessions)) this.#watch(session);
    this.#set({ state: 'connected', ...(sessions.limited && { limited: sessions.limited }) });
  }

  #watch(session: Session): void {
    session.onLost((error) => {
      if (all(this.#sessions).includes(session)) this.down(error);
    });
  }

  /** Gives the connections up, and waits longer each time before they are opened again. */
  down(error: DbError): void {
    for (const session of all(this.#sessions)) void session.close();
    this.#sessions = undefined;
    const { clock, random = Math.random } = this.#options;
    const wait = Math.min(RETRY_FIRST_MS * 2 ** this.#retries, RETRY_MAX_MS) * (0.75 + random() / 2);
    this.#retries++;
    const now = clock.now();
    const since = this.#status.state === 'away' ? this.#status.since : now;
    this.#set({ state: 'away', error, retryAt: now + wait, since });
  }

  /** The slow session, replaced when it has grown old. */
  async slow(): Promise<Session | undefined> {
    const before = this.#sessions?.slow;
    const now = this.#options.clock.now();
    if (!before || this.#sessions?.limited || now - this.#slowSince < SLOW_SESSION_MS) return before;
    this.#slowSince = now;
    try {
      const slow = await this.#options.connect('slow');
      if (!this.#sessions || this.#sessions.slow !== before) {
        await slow.close();
        return this.#sessions?.slow;
      }
      this.#sessions = { ...this.#sessions, slow };
      this.#watch(slow);
      await before.close();
      return slow;
    } catch {
      // no slot for a new one: the old one goes on
      return this.#sessions?.slow;
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    const sessions = this.#sessions;
    this.#sessions = undefined;
    if (sessions) await closeAll(sessions);
  }

  #set(status: LinkStatus): void {
    this.#status = status;
    this.#options.onChange(status);
  }
}

async function closeAll(sessions: Sessions): Promise<void> {
  await Promise.all(all(sessions).map((session) => session.close()));
}

function all(sessions: Sessions | undefined): Session[] {
  return sessions ? [...new Set([sessions.fast, sessions.slow, sessions.control])] : [];
}
