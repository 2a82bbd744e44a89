import type { Session } from '../db/session.ts';
import { type HostOr, hostOf } from '../hosts/reach.ts';
import type { LogEntry } from './entry.ts';
import { type Closed, logSettings, type OpenLog, openLog } from './open.ts';
import type { LogReader } from './reader.ts';

/** How often it is asked whether the log is written in another way now. */
const CHECK_MS = 1_000;

/** A server's log as it is written, over rotations, changes of its settings, and restarts of the server. */
export class LogFollow {
  readonly #host: HostOr;
  #log: OpenLog | undefined;
  #checked = 0;
  /** When the last entry was that has a time. */
  #at: number | undefined;

  constructor(host: HostOr) {
    this.#host = host;
  }

  /** Opens it; why not, where it cannot be read. Throws DbError. */
  async open(session: Session): Promise<Closed | undefined> {
    const log = await openLog(session, await hostOf(this.#host));
    if ('unknown' in log) return log;
    this.#log = log;
    this.#checked = performance.now();
    return undefined;
  }

  get log(): OpenLog {
    if (this.#log === undefined) throw new Error('the log was not opened');
    return this.#log;
  }

  /** It is read by the server, and not without a connection. */
  get needsSession(): boolean {
    return this.log.sql !== undefined;
  }

  /** What was written in the last milliseconds before now; nothing where the log does not say when. */
  async *back(ms: number): AsyncGenerator<LogEntry> {
    const { reader, ahead } = this.log;
    const since = Date.now() + ahead - ms;
    this.#at = since;
    const files = await reader.begin(since);
    if (reader.timed) yield* this.#noted(reader.since(since, files));
  }

  /** What has come since; `session` is for what has to be asked, and may be another one than before. Throws DbError. */
  async *more(session: Session | undefined): AsyncGenerator<LogEntry> {
    if (session !== undefined) {
      if (this.log.sql) this.log.sql.session = session;
      if (performance.now() - this.#checked > CHECK_MS) {
        this.#checked = performance.now();
        if ((await logSettings(session)) !== this.log.settings) yield* this.#anew(session);
      }
    }
    yield* this.#noted(this.log.reader.more());
  }

  /** It is not looked at without starting a program elsewhere. */
  get isAway(): boolean {
    return this.needsSession || this.log.reader.source.away === true;
  }

  /**
   * Opens it again where its host was lost, and goes on from the last entry. Undefined where that is not to be had yet.
   * Throws DbError.
   */
  async again(session: Session): Promise<AsyncIterable<LogEntry> | undefined> {
    const before = this.log.reader;
    if ((await this.open(session)) !== undefined) return undefined;
    return this.#from(before);
  }

  /** What nothing follows any more. */
  finish(): Iterable<LogEntry> {
    return this.log.reader.finish();
  }

  /** The settings have changed: the rest by the old ones, then on from there by the new. */
  async *#anew(session: Session): AsyncGenerator<LogEntry> {
    const before = this.log.reader;
    yield* this.#noted(before.more());
    yield* before.finish();
    if ((await this.open(session)) !== undefined) return;
    yield* this.#from(before);
  }

  /** What has come since the last entry of another reader. */
  async *#from(before: LogReader): AsyncGenerator<LogEntry> {
    const known = before.recent();
    const since = this.#at;
    const { reader } = this.log;
    const files = await reader.begin(since);
    if (since === undefined || !reader.timed) return;
    for await (const entry of this.#noted(reader.since(since, files))) if (!known(entry)) yield entry;
  }

  async *#noted(entries: AsyncIterable<LogEntry>): AsyncGenerator<LogEntry> {
    for await (const entry of entries) {
      this.#at = entry.at ?? this.#at;
      yield entry;
    }
  }
}
