import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { ConnectionOptions } from 'node:tls';
import { SSL_MODES, type SslMode, type TlsFiles } from '../../db/target.ts';
import { UsageError } from '../usage-error.ts';
import type { Params } from './conninfo.ts';
import { type Env, home } from './env.ts';

interface TlsSettings {
  readonly sslmode: SslMode;
  readonly tls?: ConnectionOptions;
  readonly tlsFiles?: TlsFiles;
}

/**
 * Mode and certificates as libpq takes them: default mode `prefer`; the files of ~/.postgresql are used when
 * they exist; a root certificate turns the check of the server's certificate on in every mode.
 *
 * Throws {@link UsageError} for a mode that does not exist and for files that are missing or unprotected.
 */
export function tlsSettings(params: Params, env: Env): TlsSettings {
  const system = params.sslrootcert === 'system';
  const sslmode = modeOf(params.sslmode ?? (system ? 'verify-full' : 'prefer'));
  if (sslmode === 'disable') return { sslmode };
  if (system && sslmode !== 'verify-full')
    throw new UsageError(
      `sslmode=${sslmode} is too weak for sslrootcert=system.`,
      'Use sslmode=verify-full.',
    );
  const options: ConnectionOptions = {
    ...(system ? systemRoots() : rootCertificate(params, sslmode, env)),
    ...clientCertificate(params, env),
    // hostaddr is where to connect, host is the name that the certificate must carry
    ...(params.hostaddr && params.host && { servername: params.host }),
  };
  if (Object.keys(options).length === 0) return { sslmode };
  return { sslmode, tls: options, tlsFiles: files(params, env, options) };
}

function files(params: Params, env: Env, { ca, cert }: ConnectionOptions): TlsFiles {
  return {
    ...(ca !== undefined && { root: params.sslrootcert ?? inHome(env, 'root.crt') }),
    ...(cert !== undefined && {
      certificate: params.sslcert ?? inHome(env, 'postgresql.crt'),
      key: params.sslkey ?? inHome(env, 'postgresql.key'),
    }),
  };
}

function inHome(env: Env, name: string): string {
  return join(home(env), '.postgresql', name);
}

function modeOf(text: string): SslMode {
  const mode = SSL_MODES.find((one) => one === text);
  if (!mode) throw new UsageError(`There is no sslmode "${text}".`, `Use one of ${SSL_MODES.join(', ')}.`);
  return mode;
}

function systemRoots(): ConnectionOptions {
  // most connections need no authorities, and loading the module takes a tenth of the start
  const tls = process.getBuiltinModule('node:tls');
  // Node before 22.15 cannot read the system's store; its own list of authorities stands in
  return typeof tls.getCACertificates === 'function' ? { ca: tls.getCACertificates('system') } : {};
}

function rootCertificate(params: Params, sslmode: SslMode, env: Env): ConnectionOptions {
  const file = params.sslrootcert ?? inHome(env, 'root.crt');
  if (existsSync(file)) return { ca: read(file, 'root certificate') };
  if (sslmode === 'verify-ca' || sslmode === 'verify-full')
    throw new UsageError(
      `The root certificate ${file} does not exist, and sslmode=${sslmode} cannot check the server without it.`,
      "Give sslrootcert a file, or sslrootcert=system for the system's authorities.",
    );
  return {};
}

function clientCertificate(params: Params, env: Env): ConnectionOptions {
  const certificate = params.sslcert ?? inHome(env, 'postgresql.crt');
  if (!existsSync(certificate)) {
    if (params.sslcert) throw new UsageError(`The client certificate ${certificate} does not exist.`);
    return {};
  }
  const key = params.sslkey ?? inHome(env, 'postgresql.key');
  if (!existsSync(key))
    throw new UsageError(`The key ${key} of ${certificate} does not exist.`, 'Give sslkey.');
  const { mode, uid } = statSync(key);
  // a key that belongs to root may be read by a group, as libpq allows
  if (process.platform !== 'win32' && (mode & (uid === 0 ? 0o037 : 0o077)) !== 0)
    throw new UsageError(`Others may read the key ${key}.`, `Protect it: chmod 0600 ${key}`);
  return {
    cert: read(certificate, 'client certificate'),
    key: read(key, 'key'),
    ...(params.sslpassword && { passphrase: params.sslpassword }),
  };
}

function read(file: string, what: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new UsageError(`The ${what} ${file} cannot be read (${(error as NodeJS.ErrnoException).code}).`);
  }
}
