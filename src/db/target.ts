import type { ConnectionOptions } from 'node:tls';
import type { Address } from './errors.ts';
import type { Route } from './route.ts';

export const SSL_MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;
export type SslMode = (typeof SSL_MODES)[number];

/** Paths as libpq takes them. */
export interface TlsFiles {
  /** `system`: the system's authorities. */
  readonly root?: string;
  readonly certificate?: string;
  readonly key?: string;
}

/** Everything needed to open connections to one server. Made by `config/profile.ts`. */
export interface Target extends Address {
  /** A name or address, or the directory of a Unix socket (begins with `/`). */
  readonly host: string;
  readonly sslmode: SslMode;
  /** Certificates and the like; which checks are made follows from sslmode. */
  readonly tls?: ConnectionOptions;
  /** Where {@link Target.tls} was read from: for programs that connect by themselves. */
  readonly tlsFiles?: TlsFiles;
  /** Asked only when the server wants a password; undefined when none is to be had. */
  readonly password: () => Promise<string | undefined>;
  /** Seconds before an attempt to connect is given up. */
  readonly connectTimeout: number;
  /** `read_only`: sessions that could change something are opened with default_transaction_read_only. */
  readonly readOnly: boolean;
  /** What stands between here and the server; without it one connects to the address. */
  readonly via?: Route;
}
