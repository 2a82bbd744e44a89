import { type StageIo, withArchive } from '../../archive/staged.ts';
import type { OpContext } from '../../engine/operation.ts';
import { withClientEnvironment } from '../../programs/environment.ts';
import type { RestoreSource } from '../source/source.ts';
import type { ContentsTable } from './reading/contents.ts';
import { type Pass, runPass, type Told } from './rows/run.ts';
import { type Readable, rowsOf } from './rows/source.ts';

/** Gives the backup as the programs that read its rows see it: its archive, or a copy; its text is sent to them. */
export function withReadable<T>(
  { clients, backup, bytes }: RestoreSource,
  io: StageIo,
  work: (readable: Readable) => Promise<T>,
): Promise<T> {
  const { kind, archive: path } = backup;
  if (kind !== 'custom' && kind !== 'directory') return work({ backup, bytes, archive: path });
  return withArchive(clients.host, { kind, path }, io, (archive) => work({ backup, bytes, archive }));
}

export type Passing = Pick<Pass, 'redirects' | 'opening' | 'closing' | 'signal' | 'onTold'>;

/** Sends the rows of these tables to a session of psql in the context's database, as {@link runPass} does. */
export function passRows(
  context: OpContext,
  { clients }: RestoreSource,
  readable: Readable,
  tables: readonly ContentsTable[],
  applicationName: string,
  passing: Passing,
): Promise<Told[]> {
  return withClientEnvironment(context, applicationName, (env) =>
    runPass({
      ...passing,
      clients,
      env,
      database: context.target.database,
      rows: (workspace) => rowsOf(clients, readable, tables, workspace),
      bytes: readable.bytes,
      redact: (text) => context.secrets.redact(text),
    }),
  );
}
