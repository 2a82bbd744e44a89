import { displayName } from '../../../../db/ident.ts';
import { CommandError, type PipeCommand, type Workspace } from '../../../../hosts/host.ts';
import type { BackupBytes } from '../../../archive/bytes/bytes.ts';
import { Refusal, SqlGuard } from '../../../archive/sql/guard.ts';
import { textOf, unchanged } from '../../../archive/text.ts';
import { unpack } from '../../../archive/unpack.ts';
import type { Clients } from '../../../programs/programs.ts';
import type { Backup } from '../../../repository/repository.ts';
import { tablesErrors } from '../errors.ts';
import type { ContentsTable } from '../reading/contents.ts';
import type { RowsPlace } from './filter.ts';

/** A backup whose rows are read. */
export interface Readable {
  readonly backup: Backup;
  /** Its archive, or a copy of it, where the programs are. */
  readonly archive: string;
  readonly bytes: BackupBytes;
}

/** What writes rows as text, and perhaps more. */
export interface Rows {
  readonly commands: readonly PipeCommand[];
  /** What they read, or who comes after them, where it is sent. */
  readonly from?: AsyncIterable<Buffer>;
  /** The files that they read; they must not change meanwhile. */
  readonly files: readonly string[];
}

/** The rows of these tables; `workspace` is for a list of them. */
export async function rowsOf(
  clients: Clients,
  { backup, archive, bytes }: Readable,
  tables: readonly ContentsTable[],
  workspace: Workspace,
): Promise<Rows> {
  if (backup.kind !== 'custom' && backup.kind !== 'directory')
    return clients.host.transfer === undefined
      ? { commands: unpack(backup), files: bytes.paths }
      : {
          commands: [],
          from: unchanged(textOf({ kind: backup.kind, path: backup.archive }), bytes),
          files: [],
        };
  const list = await workspace.write(
    'rows.list',
    tables.map(({ data }) => (data && 'line' in data ? `${data.line}\n` : '')).join(''),
  );
  return {
    commands: [{ command: clients.path('pg_restore'), args: ['-a', '-f', '-', '-L', list, '--', archive] }],
    files: archive === backup.archive ? bytes.paths : [],
  };
}

/** Longer is no head of a COPY: a name has at most 63 bytes and a table 1,600 columns. */
const LONGEST_HEAD = 1 << 19;

/** Where the rows of a table begin in what {@link rowsOf} writes, and what they are. Throws {@link OpError} without any. */
export async function headsOf(
  { host, path: program }: Clients,
  { backup, archive }: Pick<Readable, 'backup' | 'archive'>,
  table: ContentsTable,
  workspace: Workspace,
): Promise<{ place: RowsPlace; columns: readonly string[]; encoding: string | undefined }[]> {
  const { data } = table;
  if (data && 'heads' in data) {
    const { heads, lines } = data;
    return heads.map((head) => ({ ...head, place: { line: head.line, lines } }));
  }
  const list = await workspace.write(`head-${data?.line.split(';')[0]}.list`, `${data?.line}\n`);
  const enough = new AbortController();
  const guard = new SqlGuard();
  let text = Buffer.alloc(0);
  try {
    const { exitCode, stderr } = await host.run(
      program('pg_restore'),
      ['-a', '-f', '-', '-L', list, '--', archive],
      {
        env: { LC_ALL: 'C' },
        signal: enough.signal,
        onStdout: (piece) => {
          if (enough.signal.aborted) return;
          text = Buffer.concat([text, piece]);
          try {
            guard.write(piece);
          } catch (error) {
            // what follows the rows is none of ours
            if (!(error instanceof Refusal)) throw error;
            enough.abort();
          }
          if (guard.heads.length > 0 || text.length > LONGEST_HEAD) enough.abort();
        },
      },
    );
    if (exitCode !== 0 && guard.heads.length === 0)
      throw tablesErrors.unreadableRows({ id: backup.id, stderr });
  } catch (error) {
    if (!(error instanceof CommandError && error.kind === 'cancelled' && enough.signal.aborted)) throw error;
  }
  const [head] = guard.heads;
  if (head !== undefined) return [{ ...head, place: { raw: text.toString('latin1', ...head.bytes) } }];
  throw tablesErrors.noCopy({ id: backup.id, table: displayName(table.schema, table.name) });
}
