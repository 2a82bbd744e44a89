import { Model } from '../../app/core/model.ts';
import { withPassword } from '../../config/password.ts';
import type { Resolved } from '../../config/profile.ts';
import { connect, type Session } from '../../db/client.ts';
import { type DbError, dbError, type ErrorKind } from '../../db/errors.ts';
import type { Wants } from '../../db/poll.ts';
import { Reading } from '../../monitor/reading.ts';
import { note } from '../output.ts';
import type { interruptible } from './interruptible.ts';

/** What passes by itself, as far as can be known: a server that restarts says all of these. */
const PASSING: ReadonlySet<ErrorKind> = new Set(['lost', 'unreachable', 'starting', 'slots', 'busy']);

/** Where a command that shows the server again and again reads from. */
export class ServerReader {
  readonly #resolved: Resolved;
  readonly #wants: Wants;
  #session: Session | undefined;
  #said = '';
  reading!: Reading;
  model!: Model;

  constructor(resolved: Resolved, wants: Wants) {
    this.#resolved = resolved;
    this.#wants = wants;
  }

  get session(): Session {
    if (this.#session === undefined) throw new Error('not connected');
    return this.#session;
  }

  /** Throws DbError. */
  async connect(): Promise<void> {
    this.#session = await withPassword(this.#resolved.passwords, () =>
      connect(this.#resolved.target, 'slow', 'pgdeck-monitor'),
    );
    this.reading = new Reading(this.#session, this.#wants);
    // counters begin anew with a restart, and what was between is not known
    this.model = new Model(this.reading, this.#resolved.thresholds);
  }

  /**
   * After a failure: tells the server's reason once and connects again, as often as it takes. True when it was stopped
   * meanwhile. Throws the failure when time does not mend it.
   */
  async again(failure: unknown, stop: ReturnType<typeof interruptible>, seconds: number): Promise<boolean> {
    for (let cause = dbError(failure); ; ) {
      if (!PASSING.has(cause.kind)) throw cause;
      this.#say(cause);
      await this.close();
      if (await stop.after(seconds)) return true;
      try {
        await this.connect();
        note('pgdeck: Connected again.');
        this.#said = '';
        return false;
      } catch (error) {
        cause = dbError(error);
      }
    }
  }

  #say(cause: DbError): void {
    if (cause.message === this.#said) return;
    this.#said = cause.message;
    note(`pgdeck: ${cause.message} It is tried again.`);
  }

  async close(): Promise<void> {
    await this.#session?.close();
    this.#session = undefined;
  }
}
