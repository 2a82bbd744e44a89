import type { DbError } from './errors.ts';

/** Path of a socket, or a port of this machine. */
export type Opening = string | { readonly host: string; readonly port: number };

/** How a connection gets to a server that stands behind something else. */
export interface Route {
  /** For people: `ssh db1`, `container shop-db-1`. */
  readonly label: string;
  /**
   * Path of a socket or a port that leads to the server, which is waited for; undefined where one connects to the
   * server's own address. Throws {@link DbError} that names what is down on the way.
   */
  open(): Promise<Opening | undefined>;
  /** The same failure of a connection, told by what is down on the way; undefined where the way is whole. */
  explain(error: DbError): Promise<DbError | undefined>;
  /** Ends what stands between; the next connection opens it anew. */
  close(): Promise<void>;
}
