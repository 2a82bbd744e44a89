import type { DbError } from './errors.ts';
import type { Query } from './query.ts';
import type { Server } from './server.ts';

/** What a connection is for; decides its timeouts. See {@link file://./session-settings.ts}. */
export type Purpose = 'fast' | 'slow' | 'control' | 'operation' | 'migration' | 'workload' | 'plain';

/** One query with its input, to be sent in a batch. */
export interface Call<Row = unknown> {
  readonly query: Query<never, Row>;
  readonly input: unknown;
}

/** The answer to one call of a batch: one that fails leaves the others whole. */
export type Answer<Row = unknown> =
  | { readonly ok: true; readonly rows: readonly Row[]; readonly ms: number }
  | { readonly ok: false; readonly error: DbError; readonly ms: number };

/** Something the server says beside the answer. */
export interface Notice {
  /** In the server's language. */
  readonly severity: string;
  readonly message: string;
  readonly detail?: string;
  /** SQLSTATE: `00000` for INFO and NOTICE, anything else for a WARNING, whatever the language. */
  readonly code?: string;
}

/** What the server says of the process that serves a connection; of a pooler, of the one that served the first question. */
export interface Backend {
  readonly pid: number;
  /** Epoch microseconds; null where it does not say. */
  readonly backendStart: number | null;
  /** The port that the connection comes from, as the server sees it; null over a Unix socket. */
  readonly clientPort: number | null;
}

/** One connection to PostgreSQL. */
export interface Session {
  readonly server: Server;
  readonly pid: number;
  readonly backend: Backend;
  /** True once the connection has broken or was closed. */
  readonly lost: boolean;
  /** Runs one query; throws {@link DbError}. */
  run<Input, Row>(query: Query<Input, Row>, input: Input): Promise<Row[]>;
  /** Sends all calls at once: one round trip, an error in one does not touch the others. Never throws. */
  batch(calls: readonly Call[]): Promise<Answer[]>;
  /** Runs SQL made at run time (EXPLAIN, SHOW); rows as text columns come. */
  sql(text: string, params?: unknown[]): Promise<Record<string, unknown>[]>;
  /** Like sql, but the server refuses a text that holds more than one command. */
  single(text: string): Promise<Record<string, unknown>[]>;
  /** Runs somebody's statement: what the server says of it, and how many rows it is about, where it says so. Throws {@link DbError}. */
  command(text: string): Promise<{ readonly tag: string; readonly rows: number | null }>;
  /**
   * Runs `COPY … TO STDOUT`; `take` gets the bytes in order, and no more are read while it works. Answers the number of
   * rows. Throws {@link DbError}, or what `take` has thrown: the statement has been done all the same then.
   */
  copyOut(text: string, take: (chunk: Buffer) => Promise<void>): Promise<number>;
  /**
   * Runs `COPY … FROM STDIN` with these bytes; nothing else may be asked meanwhile. Answers the number of rows. Throws
   * {@link DbError}, or what reading the bytes has thrown: the statement has failed then.
   */
  copyIn(text: string, chunks: AsyncIterable<Buffer>): Promise<number>;
  /**
   * Says that a pooler is known to keep this connection for one client (see {@link file://./pooler/pooling.ts}): from then on
   * it has the settings of its purpose, until it is closed. Without a pooler it has them anyway.
   */
  keep(): Promise<void>;
  /** Called once, when the connection breaks by itself. */
  onLost(listener: (error: DbError) => void): void;
  /** Called for every notice the server sends. */
  onNotice(listener: (notice: Notice) => void): void;
  close(): Promise<void>;
}

/** A call for {@link Session.batch}, with its input checked against the query. */
export function call<Input, Row>(query: Query<Input, Row>, input: Input): Call<Row> {
  return { query: query as Query<never, Row>, input };
}
