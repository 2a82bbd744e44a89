import { displayName } from '../../../../db/ident.ts';
import { CommandError, type Host, type PipeCommand, type Workspace } from '../../../../hosts/host.ts';
import { Refusal, SqlGuard } from '../../../archive/sql/guard.ts';
import { unpack } from '../../../archive/unpack.ts';
import type { Clients } from '../../../programs/programs.ts';
import type { Backup } from '../../../repository/repository.ts';
import { tablesErrors } from '../errors.ts';
import type { ContentsTable } from '../reading/contents.ts';
import type { RowsPlace } from './filter.ts';

/** The commands that write the rows of these tables as text, and perhaps more; `workspace` is for a list of them. */
export async function rowsOf(
  clients: Clients,
  backup: Backup,
  tables: readonly ContentsTable[],
  workspace: Workspace,
): Promise<PipeCommand[]> {
  if (backup.kind !== 'custom' && backup.kind !== 'directory') return unpack(backup);
  const list = await workspace.write(
    'rows.list',
    tables.map(({ data }) => (data && 'line' in data ? `${data.line}\n` : '')).join(''),
  );
  return [{ command: clients.path('pg_restore'), args: ['-a', '-f', '-', '-L', list, '--', backup.archive] }];
}

/** Longer is no head of a COPY: a name has at most 63 bytes and a table 1,600 columns. */
const LONGEST_HEAD = 1 << 19;

/** Where the rows of a table begin in what {@link rowsOf} writes, and what they are. Throws {@link OpError} without any. */
export async function headsOf(
  host: Host,
  clients: Clients,
  backup: Backup,
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
      clients.path('pg_restore'),
      ['-a', '-f', '-', '-L', list, '--', backup.archive],
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
