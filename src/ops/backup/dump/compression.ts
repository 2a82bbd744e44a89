import type { OpError } from '../../error.ts';
import type { Clients } from '../../programs/programs.ts';
import type { ArchiveFormat } from '../../repository/manifest.ts';
import { backupErrors } from '../errors.ts';

export interface Compression {
  readonly method: 'none' | 'gzip' | 'zstd';
  readonly level: number;
}

const HIGHEST = { gzip: 9, zstd: 19 } as const;
const DEFAULT = { gzip: 1, zstd: 3 } as const;

/** Reads `--compress`: what pg_dump 16 understands, on every version. Throws {@link OpError}. */
export function parseCompression(text: string): Compression {
  const found = /^(?:(none)|(gzip|zstd)(?::(\d+))?|(\d+))$/i.exec(text.trim());
  if (found === null) throw backupErrors.compression({ text });
  const [, none, named, given, bare] = found;
  const method = (named?.toLowerCase() as 'gzip' | 'zstd' | undefined) ?? 'gzip';
  const level = Number(given ?? bare ?? DEFAULT[method]);
  if (level > HIGHEST[method]) throw backupErrors.level({ method, highest: HIGHEST[method] });
  return none !== undefined || level === 0 ? { method: 'none', level: 0 } : { method, level };
}

/**
 * What is used when nothing is said. The lowest level of gzip takes nearly half the time of pg_dump's default and
 * makes files that are 4 % larger; zstd is better in both where pg_dump has it.
 */
export function defaultCompression(format: ArchiveFormat, clients: Pick<Clients, 'zstd'>): Compression {
  return clients.zstd && format !== 'plain' ? { method: 'zstd', level: 3 } : { method: 'gzip', level: 1 };
}

/** `gzip:1`: as it stands in the manifest. */
export function compressionText({ method, level }: Compression): string {
  return method === 'none' ? 'none' : `${method}:${level}`;
}

/** Why a format cannot be compressed so by this pg_dump; undefined when it can. */
export function compressionProblem(
  { method }: Compression,
  format: ArchiveFormat,
  clients: Pick<Clients, 'zstd' | 'version'>,
): OpError | undefined {
  if (method !== 'zstd' || format === 'plain' || clients.zstd) return undefined;
  return backupErrors.noZstd({ version: clients.version, format });
}

/** Ending of a plain dump. */
export function plainEnding({ method }: Compression): string {
  return { none: 'sql', gzip: 'sql.gz', zstd: 'sql.zst' }[method];
}
