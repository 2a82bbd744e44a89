import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CommandError, type Host, type PipeCommand } from '../../../../targets/target.ts';
import type { Clients } from '../../../clients/programs.ts';
import { OpError } from '../../../error.ts';
import type { Backup } from '../../../repository/repository.ts';
import type { ContentsTable } from '../reading/contents.ts';

/** The commands that write a text backup as text. */
export function unpack({ kind, archive }: Pick<Backup, 'kind' | 'archive'>): PipeCommand[] {
  if (kind === 'sql.gz') return [{ command: 'gzip', args: ['-d', '-c', '--', archive] }];
  if (kind === 'sql.zst') return [{ command: 'zstd', args: ['-d', '-c', '-q', '--', archive] }];
  return [{ command: 'cat', args: ['--', archive] }];
}

/** The commands that write the rows of these tables as text, and perhaps more; `directory` is for a list of them. */
export async function rowsOf(
  clients: Clients,
  backup: Backup,
  tables: readonly ContentsTable[],
  directory: string,
): Promise<PipeCommand[]> {
  if (backup.kind !== 'custom' && backup.kind !== 'directory') return unpack(backup);
  const list = join(directory, 'rows.list');
  await writeFile(list, tables.map(({ data }) => (data && 'line' in data ? `${data.line}\n` : '')).join(''), {
    mode: 0o600,
  });
  return [{ command: clients.path('pg_restore'), args: ['-a', '-f', '-', '-L', list, '--', backup.archive] }];
}

/** `COPY schema.table (columns) FROM stdin;` of a table, as the backup has it. Throws {@link OpError} without one. */
export async function headOf(
  host: Host,
  clients: Clients,
  backup: Backup,
  table: ContentsTable,
  directory: string,
): Promise<string> {
  const { data } = table;
  if (data && 'head' in data) return data.head;
  const list = join(directory, `head-${data?.line.split(';')[0]}.list`);
  await writeFile(list, `${data?.line}\n`, { mode: 0o600 });
  const enough = new AbortController();
  let head: string | undefined;
  try {
    const { exitCode, stderr } = await host.run(
      clients.path('pg_restore'),
      ['-a', '-f', '-', '-L', list, '--', backup.archive],
      {
        env: { LC_ALL: 'C' },
        signal: enough.signal,
        maxOutput: 4096,
        onLine: (line, from) => {
          if (from !== 'stdout' || head !== undefined || !/^COPY .* FROM stdin;$/.test(line)) return;
          head = line;
          enough.abort();
        },
      },
    );
    if (exitCode !== 0 && head === undefined)
      throw new OpError('refused', `The backup ${backup.id} cannot be read: ${stderr.trim()}`);
  } catch (error) {
    if (!(error instanceof CommandError && error.kind === 'cancelled' && head !== undefined)) throw error;
  }
  if (head !== undefined) return head;
  throw new OpError(
    'refused',
    `The rows of ${table.schema}.${table.name} in ${backup.id} are not written with COPY.`,
    `Restore the whole backup into a new database: pgdeck restore ${backup.id} --into NAME`,
  );
}
