import { DbError, dbError } from '../errors.ts';
import { keptSettings, lastResult, settingsSql, withLocalSettings } from '../pooler/message.ts';
import { type Query, sqlFor } from '../query.ts';
import type { Server } from '../server.ts';
import { type Answer, type Backend, type Call, call, type Notice, type Session } from '../session.ts';
import { Cells } from './cells.ts';
import { type CopyQueryClass, copyIn, copyOut, NotTheServer } from './copy.ts';
import { withoutRows } from './discard.ts';
import type { Answered, DriverClient, DriverRow } from './driver.ts';

/** A server that is there closes a connection within a fraction of this. */
const GOODBYE_MS = 200;

/**
 * With the mark by which pgdeck's own questions are told apart. Behind the first word, since pg_stat_statements keeps
 * no comment before it.
 */
function marked(text: string): string {
  return text.replace(/^(SELECT|WITH)(?= (?!\/\* pgdeck))/, '$1 /* pgdeck */');
}

/** Codes of the system, such as EPIPE, have no digit. */
const SQLSTATE = /^(?=.*\d)\w{5}$/;

/** What of the driver's socket is used here. */
interface Stream {
  destroy(): void;
  cork(): void;
  uncork(): void;
}

/** A session over the driver's client. */
export class PgSession implements Session {
  lost = false;
  readonly server: Server;
  readonly backend: Backend;
  readonly #client: DriverClient;
  readonly #cells: Cells;
  readonly #lostListeners: ((error: DbError) => void)[] = [];
  readonly #stream: Stream;
  readonly #settings: Readonly<Record<string, string>>;
  readonly #own: boolean;
  readonly #copyQuery: CopyQueryClass;
  /** What the connection goes through. */
  readonly #via: string | undefined;
  /** Whether a pooler is known to keep the connection for this client, which has set it up. */
  #kept = false;
  /** Why the connection broke, in the server's words where it gave any. */
  #cause: DbError | undefined;
  #inFlight = 0;
  #closing = false;

  constructor(
    client: DriverClient,
    server: Server,
    options: {
      readonly backend: Backend;
      readonly settings: Readonly<Record<string, string>>;
      readonly own: boolean;
      readonly copyQuery: CopyQueryClass;
      readonly via?: string;
    },
  ) {
    this.#client = client;
    // in a session of others' statements DEALLOCATE or DISCARD may take what was prepared in it
    this.#cells = new Cells((text, values, name) => this.#ask(text, values, options.own ? name : undefined));
    this.server = server;
    this.backend = options.backend;
    this.#settings = options.settings;
    this.#own = options.own;
    this.#copyQuery = options.copyQuery;
    this.#via = options.via;
    this.#stream = (client as unknown as { connection: { stream: Stream } }).connection.stream;
    client.on('error', (error) => {
      this.#failure(error);
    });
    client.on('end', () => {
      this.lost = true;
      const cause = this.#cause ?? this.#told(dbError(new Error('Connection terminated')));
      if (!this.#closing) for (const tell of this.#lostListeners) tell(cause);
    });
  }

  /**
   * What went wrong. The server gives its reason once, as it hangs up; what the driver says afterwards of a connection
   * that it cannot use is that same failure.
   */
  #failure(error: unknown): DbError {
    const failure = dbError(error);
    if (failure.kind !== 'lost') return failure;
    if (this.#cause?.code === undefined) this.#cause = this.#told(failure);
    return this.#cause;
  }

  /** A connection that ends without a word from the server ended on the way, where there is something on it. */
  #told(failure: DbError): DbError {
    if (this.#via === undefined || SQLSTATE.test(failure.code ?? '')) return failure;
    return new DbError('lost', `The connection through ${this.#via} broke.`, {
      next: 'What was asked last has no answer. Whether the way is there, pgdeck profile test says.',
      cause: failure,
    });
  }

  get pid(): number {
    return this.backend.pid;
  }

  async run<Input, Row>(query: Query<Input, Row>, input: Input): Promise<Row[]> {
    const [answer] = await this.batch([call(query, input)]);
    if (answer === undefined) return [];
    if (!answer.ok) throw answer.error;
    return answer.rows as Row[];
  }

  batch(calls: readonly Call[]): Promise<Answer[]> {
    // as one piece: a system call each would cost as much as writing the question
    this.#stream.cork();
    try {
      return Promise.all(calls.map((one) => this.#answer(one)));
    } finally {
      this.#stream.uncork();
    }
  }

  async #answer({ query, input }: Call): Promise<Answer> {
    const started = performance.now();
    const ms = () => performance.now() - started;
    const text = sqlFor(query, this.server);
    if (text === undefined)
      return {
        ok: false,
        error: new DbError('unsupported', `PostgreSQL ${this.server.version} has no ${query.id}.`),
        ms: 0,
      };
    this.#inFlight++;
    try {
      const values = query.params(input as never);
      const rows = query.once
        ? (await this.#ask(text, values)).rows
        : await this.#cells.rows(query.id, text, values);
      return { ok: true, rows: rows.map((row) => query.row.parse(row)), ms: ms() };
    } catch (error) {
      return { ok: false, error: this.#failure(error), ms: ms() };
    } finally {
      this.#inFlight--;
    }
  }

  /** Behind a pooler no statement is prepared and nothing set for longer than one message. */
  async #ask(text: string, values: unknown[], name?: string): Promise<Answered> {
    if (!this.server.pooled) return this.#client.query({ text, values, ...(name !== undefined && { name }) });
    // a transaction of the caller has its own
    const bare = this.#kept || Object.keys(this.#settings).length === 0;
    if (bare || this.#client.getTransactionStatus() === 'T') return this.#client.query({ text, values });
    return lastResult(await this.#client.query(withLocalSettings(this.#settings, text, values)));
  }

  async keep(): Promise<void> {
    if (!this.server.pooled || this.#kept) return;
    await this.sql(settingsSql(keptSettings(this.#settings, this.server.major), false));
    this.#kept = true;
  }

  sql(text: string, params: unknown[] = []): Promise<Record<string, unknown>[]> {
    return this.#rows({ text: this.#own ? marked(text) : text, values: params });
  }

  single(text: string): Promise<Record<string, unknown>[]> {
    return this.#rows({ text, queryMode: 'extended' });
  }

  async command(text: string): Promise<{ tag: string; rows: number | null }> {
    this.#inFlight++;
    try {
      const { command, rowCount } = await withoutRows(this.#client, this.#copyQuery, text);
      return { tag: command ?? '', rows: rowCount ?? null };
    } catch (error) {
      throw this.#failure(error);
    } finally {
      this.#inFlight--;
    }
  }

  async #rows(config: { text: string; values?: unknown[]; queryMode?: string }): Promise<DriverRow[]> {
    this.#inFlight++;
    try {
      return (await this.#client.query(config)).rows;
    } catch (error) {
      throw this.#failure(error);
    } finally {
      this.#inFlight--;
    }
  }

  copyOut(text: string, take: (chunk: Buffer) => Promise<void>): Promise<number> {
    return this.#copied(copyOut(this.#client, this.#copyQuery, text, take));
  }

  copyIn(text: string, chunks: AsyncIterable<Buffer>): Promise<number> {
    return this.#copied(copyIn(this.#client, this.#copyQuery, text, chunks));
  }

  async #copied(work: Promise<number>): Promise<number> {
    this.#inFlight++;
    try {
      return await work;
    } catch (error) {
      throw error instanceof NotTheServer ? error.thrown : this.#failure(error);
    } finally {
      this.#inFlight--;
    }
  }

  onLost(listener: (error: DbError) => void): void {
    this.#lostListeners.push(listener);
  }

  onNotice(listener: (notice: Notice) => void): void {
    this.#client.on('notice', (n) => {
      listener({
        severity: n.severity ?? 'NOTICE',
        message: n.message ?? '',
        ...(n.detail && { detail: n.detail }),
        ...(n.code && { code: n.code }),
      });
    });
  }

  async close(): Promise<void> {
    this.#closing = true;
    // a pooler may be set up not to clean what it gives to the next one
    if (this.#kept && !this.lost && this.#inFlight === 0)
      for (const text of ['ROLLBACK', 'DISCARD ALL']) this.#client.query(text).catch(() => {});
    this.lost = true;
    // end() waits for answers that are under way and for the server to hang up; one that hangs itself must not keep
    // the program from quitting
    const ended = this.#client.end().catch(() => {});
    const timer = setTimeout(() => this.#stream.destroy(), this.#inFlight > 0 ? 0 : GOODBYE_MS);
    await ended;
    clearTimeout(timer);
  }
}
