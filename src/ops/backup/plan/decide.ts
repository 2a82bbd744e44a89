import type { BackupSettings } from '../../../config/settings.ts';
import type { OpContext } from '../../engine/operation.ts';
import type { Clients } from '../../programs/programs.ts';
import type { ArchiveFormat } from '../../repository/manifest.ts';
import { repositoryDirectory } from '../../repository/repository.ts';
import { compressionProblem, defaultCompression, parseCompression } from '../dump/compression.ts';
import { backupErrors } from '../errors.ts';
import type { BackupRequest } from '../request.ts';
import type { BackupInput } from './input.ts';

/** Refuses flags that contradict each other. Throws {@link OpError}. */
export function refuseContradictions(
  input: BackupInput,
  databases: readonly string[],
  settings: BackupSettings,
): void {
  if (input.schema_only && input.data_only)
    throw backupErrors.exclusive({ flags: ['--schema-only', '--data-only'] });
  if (databases.length > 1 && input.schema.length + input.table.length > 0) throw backupErrors.oneDatabase();
  const format = formatOf(input, settings);
  if ((input.jobs ?? 1) > 1 && format !== 'directory')
    throw backupErrors.oneProcess({ format, given: input.format !== undefined });
}

function formatOf(input: Pick<BackupInput, 'format'>, settings: BackupSettings): ArchiveFormat {
  return input.format ?? settings.format ?? 'custom';
}

/** One database's request: what was asked for, then the profile's settings, then what is best. */
export function decideRequest(
  context: OpContext,
  input: BackupInput,
  clients: Clients,
  database: string,
): Omit<BackupRequest, 'id'> {
  const { backup } = context;
  const format = formatOf(input, backup);
  const given = input.compress ?? backup.compress;
  const compression = given === undefined ? defaultCompression(format, clients) : parseCompression(given);
  const problem = compressionProblem(compression, format, clients);
  if (problem) throw problem;
  return {
    database,
    repository: repositoryDirectory(context, input.dir),
    clients,
    format,
    compression,
    jobs: format === 'directory' ? (input.jobs ?? backup.jobs ?? 1) : 1,
    content: input.schema_only ? 'schema' : input.data_only ? 'data' : 'all',
    schemas: input.schema,
    tables: input.table,
    globals: !input.no_globals,
    label: input.label,
  };
}
