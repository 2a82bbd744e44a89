import { LOG_DIRECTORY, serverDirectories } from '../../db/queries/directories.ts';
import type { Session } from '../../db/session.ts';
import type { Host } from '../../hosts/host.ts';
import type { Project } from './project.ts';

const USUAL = '/var/lib/postgresql/data';

/** The directories that a server keeps its data in, as its container has them: links are followed. Throws DbError. */
export async function dataDirectories(
  session: Session,
  { files }: Pick<Host, 'files'>,
  { environment }: Project['container'],
): Promise<string[]> {
  const rows = await session.run(serverDirectories, undefined);
  const told = rows.flatMap(({ name, directory }) =>
    directory === null || name === LOG_DIRECTORY ? [] : [directory],
  );
  // a role that may not know the setting is shown none
  const usual = environment.PGDATA ?? USUAL;
  const all = rows.some(({ directory }) => directory !== null) ? told : [usual, `${usual}/pg_wal`];
  return Promise.all(all.map((directory) => files.real(directory).catch(() => directory)));
}

/** Whether what is mounted there has some of the data: it may be the directory, above it, or within it. */
export function holdsData(destination: string, directories: readonly string[]): boolean {
  const mounted = `${destination.replace(/\/+$/, '')}/`;
  return directories.some((one) => `${one}/`.startsWith(mounted) || mounted.startsWith(`${one}/`));
}
