import { DbError } from '../db/errors.ts';
import type { Session } from '../db/session.ts';
import type { Host } from '../hosts/host.ts';
import { type HostOr, hostOf } from '../hosts/reach.ts';
import { HOUR_MS, type LogFact } from './fact.ts';
import { type Closed, logSettings, type OpenLog, openLog, untimed } from './open.ts';
import { Tally } from './tally.ts';

/** The log's last hour, counted, or why it is not known. */
export type LogHourTold = { readonly known: LogFact } | Closed;

interface Begun {
  readonly log: OpenLog;
  readonly tally: Tally;
  /** Since when there are counts. */
  readonly from: number;
}

/**
 * Counts what a server's log says of the last hour. The first call looks back an hour, each later one reads what has come
 * since; nothing is counted twice, and nothing is kept but the counts.
 */
export class LogHour {
  readonly #host: HostOr;
  readonly #slowMs: number;
  #open: Begun | undefined;
  /** Where it is read; a host that is there for others too has nothing to close. */
  #reached: Host | undefined;

  /** From `slowMs` on a statement counts as slow. */
  constructor(host: HostOr, slowMs: number) {
    this.#host = host;
    this.#slowMs = slowMs;
  }

  /**
   * Reads on. The session may be another one than before, to the same server. `last`: nobody will read on, so that what
   * was written last counts too. Throws DbError when the connection breaks.
   */
  async read(session: Session, { last = false }: { readonly last?: boolean } = {}): Promise<LogHourTold> {
    try {
      return await this.#read(session, last);
    } catch (error) {
      // what was read until then is not all: it is begun anew
      this.#open = undefined;
      if (error instanceof DbError && error.kind !== 'denied' && error.kind !== 'unsupported') throw error;
      const { code, message } = error as NodeJS.ErrnoException;
      if (!(error instanceof DbError) && code === undefined) throw error;
      return { unknown: `The server's log cannot be read (${code ?? message}).` };
    }
  }

  async #read(session: Session, last: boolean): Promise<LogHourTold> {
    if (this.#open !== undefined && this.#open.log.settings !== (await logSettings(session)))
      this.#open = undefined;
    const begun = this.#open;
    if (begun?.log.sql) begun.log.sql.session = session;
    const open = begun ?? (await this.#begin(session));
    if ('unknown' in open) return open;
    const { log, tally, from } = open;
    if (begun !== undefined) for await (const entry of log.reader.more()) tally.add(entry);
    if (last) for (const entry of log.reader.finish()) tally.add(entry);
    const { reader, slowFrom, ahead } = log;
    const source = `${reader.format} in ${reader.source.place}`;
    return { known: tally.fact(from, Date.now() + ahead, { source, slowFrom }) };
  }

  /** Nobody reads on: the way to the machine that the log is on is closed. */
  close(): void {
    this.#reached?.close?.();
    this.#reached = undefined;
  }

  async #begin(session: Session): Promise<Begun | Closed> {
    this.#reached = await hostOf(this.#host);
    const log = await openLog(session, this.#reached);
    if ('unknown' in log) return log;
    const { reader, ahead } = log;
    const since = Date.now() + ahead - HOUR_MS;
    const files = await reader.begin(since);
    if (!reader.timed) return untimed(session.server);
    const tally = new Tally(this.#slowMs);
    for await (const entry of reader.since(since, files, reader.source.most)) tally.add(entry);
    const begun = { log, tally, from: reader.covered ?? since };
    this.#open = begun;
    return begun;
  }
}
