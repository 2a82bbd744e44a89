import { join } from 'node:path';
import type { PipeCommand } from '../../../hosts/host.ts';
import { databaseArgument } from '../../programs/environment.ts';
import type { BackupRequest } from '../request.ts';
import { type Compression, plainEnding } from './compression.ts';

/** How long pg_dump waits for a table that is locked; others queue behind it meanwhile. */
export const LOCK_WAIT = '30s';

export interface DumpPlace {
  /** Directory to write into, where the programs are; undefined where it goes to the standard output. */
  readonly directory: string | undefined;
  /** Name of the backup: the archive is named after it. */
  readonly id: string;
}

/** Name of the archive in the backup's directory. */
export function archiveName(
  { format, compression }: Pick<BackupRequest, 'format' | 'compression'>,
  id: string,
): string {
  return `${id}.${format === 'custom' ? 'dump' : format === 'directory' ? 'dir' : plainEnding(compression)}`;
}

/**
 * The commands that write the archive, the output of each the input of the next. pg_dump writes the file itself
 * wherever it can: its data does not pass through this process.
 */
export function dumpCommands(
  request: Pick<BackupRequest, 'database' | 'format' | 'compression' | 'jobs' | 'clients'>,
  { directory, id }: DumpPlace,
  {
    snapshot,
    selection,
    encoding,
  }: { snapshot: string; selection: readonly string[]; encoding?: string | undefined },
): PipeCommand[] {
  const { database, format, compression, jobs, clients } = request;
  const file = directory && join(directory, archiveName(request, id));
  const piped = format === 'plain' && compression.method === 'zstd' && !clients.zstd;
  const args = [
    '-w',
    `-F${format[0]}`,
    ...(piped ? [] : compressionArgs(compression)),
    ...(format === 'directory' && jobs > 1 ? [`--jobs=${jobs}`] : []),
    `--snapshot=${snapshot}`,
    `--lock-wait-timeout=${LOCK_WAIT}`,
    ...(encoding === undefined ? [] : [`--encoding=${encoding}`]),
    ...selection,
    ...(piped || file === undefined ? [] : ['-f', file]),
    '-d',
    databaseArgument(database),
  ];
  const dump = { command: clients.path('pg_dump'), args };
  if (!piped) return [dump];
  return [
    dump,
    {
      command: 'zstd',
      args: ['-q', `-${compression.level}`, '-T0', ...(file === undefined ? [] : ['-o', file])],
    },
  ];
}

function compressionArgs({ method, level }: Compression): string[] {
  return method === 'zstd' ? [`--compress=zstd:${level}`] : [`-Z${level}`];
}
