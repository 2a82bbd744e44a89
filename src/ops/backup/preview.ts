import { join } from 'node:path';
import { PARTIAL } from '../repository/names.ts';
import { archiveName, dumpCommands } from './dump/command.ts';
import { dumpLine, globalsLine, placeOf } from './dump/line.ts';
import { SNAPSHOT_SQL } from './dump/snapshot.ts';
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
  const decode = request.format === 'plain' ? `decompress ${archive}` : `pg_restore -f - ${archive}`;
  return {
    snapshot: SNAPSHOT_SQL.map((sql) => `${sql};`).join('\n'),
    dump: [
      dumpLine(request, dump, archive),
      ...(request.content === 'schema' ? [] : ['count of the rows of each table, in the same snapshot']),
      ...(request.globals ? [globalsLine(request, directory, passwords)] : []),
    ].join('\n'),
    verify: `${decode} | count rows of each table\nsha256 of every file`,
    publish: `fsync; rename ${directory} to ${final}`,
  };
}
