import { join } from 'node:path';
import { typed } from '../programs/typed.ts';
import { PARTIAL } from '../repository/names.ts';
import { archiveName, dumpCommands } from './dump/command.ts';
import { psqlArgs, SNAPSHOT_SQL } from './dump/hold.ts';
import { dumpLine, globalsLine, placeOf } from './dump/line.ts';
import type { BackupRequest } from './request.ts';

/** What stands for the snapshot's id before there is one. */
const SNAPSHOT_ID = '$SNAPSHOT';

/** The SQL and the commands of the steps as they will be run. */
export function previewOf(
  request: BackupRequest,
  { selection = [], passwords = true }: { selection?: readonly string[]; passwords?: boolean },
): { snapshot: string; dump: string; verify: string; publish: string } {
  const { id } = request;
  const final = join(request.repository, id);
  const directory = final + PARTIAL;
  const into = placeOf(request, directory);
  const dump = dumpCommands(request, { directory: into, id }, { snapshot: SNAPSHOT_ID, selection });
  const archive = join(directory, archiveName(request, id));
  const { host, path } = request.clients;
  const psql = { command: path('psql'), args: psqlArgs(request.database) };
  const there = host.kind === 'local' ? undefined : typed(host, [psql]);
  const by = there === undefined ? '' : ` by psql of ${host.label}`;
  const decode = request.format === 'plain' ? `decompress ${archive}` : `pg_restore -f - ${archive}`;
  return {
    snapshot: [
      ...SNAPSHOT_SQL.map((sql) => `${sql};`),
      ...(there === undefined ? [] : [`held by: ${there}`]),
    ].join('\n'),
    dump: [
      dumpLine(request, dump, archive),
      ...(request.content === 'schema' ? [] : [`count of the rows of each table, in the same snapshot${by}`]),
      ...(request.globals ? [globalsLine(request, directory, passwords)] : []),
    ].join('\n'),
    verify: `${decode} | count rows of each table\nsha256 of every file`,
    publish: `fsync; rename ${directory} to ${final}`,
  };
}
