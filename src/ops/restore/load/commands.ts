import type { PipeCommand } from '../../../hosts/host.ts';
import { shellWord } from '../../../text/shell.ts';
import type { ArchiveKind } from '../../archive/kind.ts';
import { databaseArgument } from '../../programs/environment.ts';
import type { Clients } from '../../programs/programs.ts';
import { typed } from '../../programs/typed.ts';
import { decompressorOf } from '../source/source.ts';

export interface LoadWish {
  readonly clients: Clients;
  readonly kind: ArchiveKind;
  /** Where the programs read it; undefined where it comes to their standard input. */
  readonly path: string | undefined;
  readonly database: string;
  readonly jobs: number;
  /** File with the lines of the table of contents that are loaded; all without it. */
  readonly listFile?: string;
  /** Everything is to belong to the role that loads it, without grants. */
  readonly noOwner: boolean;
  /** Everything is to lie in the database's own tablespace. */
  readonly noTablespaces: boolean;
  /** Take out the SET of a setting that the server does not know. */
  readonly stripTimeout: boolean;
}

/** The setting stands in the first lines, before any data: further down such a line is somebody's row. */
const STRIP: PipeCommand = {
  command: 'sed',
  args: ['-e', '1,60{', '-e', '/^SET transaction_timeout = 0;$/d', '-e', '}'],
};

/** The commands that load an archive, as one pipe. They stop at the first error. What psql loads passes a guard before. */
export function loadCommands(wish: LoadWish): PipeCommand[] {
  const { clients, kind, path, database, jobs, stripTimeout } = wish;
  const psql = (file: string): PipeCommand => ({
    command: clients.path('psql'),
    // never --single-transaction: a dump with large objects has transactions of its own
    args: [
      ...['-X', '-q', '-w', '-v', 'ON_ERROR_STOP=1', '-o', '/dev/null'],
      ...['-d', databaseArgument(database), '-f', file],
    ],
  });
  if (kind === 'custom' || kind === 'directory') {
    const options = optionsOf(wish);
    const restore = (args: readonly string[]): PipeCommand => ({
      command: clients.path('pg_restore'),
      args: [...args, ...options, ...(path === undefined ? [] : [path])],
    });
    if (stripTimeout) return [restore(['-f', '-']), STRIP, psql('-')];
    // pg_restore reads a file in several processes only
    const parallel = jobs > 1 && path !== undefined ? ['-j', String(jobs)] : [];
    return [restore(['--exit-on-error', '--verbose', '-w', ...parallel, '-d', databaseArgument(database)])];
  }
  // it comes as text, and without the setting
  if (path === undefined) return [psql('-')];
  const program = decompressorOf(kind);
  const read: PipeCommand =
    program === undefined
      ? { command: 'cat', args: ['--', path] }
      : { command: program, args: program === 'zstd' ? ['-dcq', '--', path] : ['-dc', '--', path] };
  return stripTimeout ? [read, STRIP, psql('-')] : [read, psql('-')];
}

function optionsOf({ listFile, noOwner, noTablespaces }: LoadWish): string[] {
  return [
    ...(listFile === undefined ? [] : ['-L', listFile]),
    ...(noOwner ? ['--no-owner', '--no-privileges'] : []),
    ...(noTablespaces ? ['--no-tablespaces'] : []),
  ];
}

/** They end in psql, which would take commands of its own from what it loads. */
export function endInPsql(commands: readonly PipeCommand[]): boolean {
  return /(^|\/)psql$/.test(commands.at(-1)?.command ?? '');
}

/** What stands for the path of a copy on the programs' host before there is one. */
const COPY = '$COPY';

/** The commands that load an archive as a person would type them. */
export function loadLine(wish: LoadWish & { readonly path: string }): string {
  const { clients, kind, path } = wish;
  const { host } = clients;
  if (host.transfer === undefined) return typed(host, loadCommands(wish));
  if (kind === 'custom' || kind === 'directory') return typed(host, loadCommands({ ...wish, path: COPY }));
  const program = decompressorOf(kind);
  const read = program === undefined ? 'cat' : program === 'zstd' ? 'zstd -dcq' : `${program} -dc`;
  return `${read} -- ${shellWord(path)} | ${typed(host, loadCommands({ ...wish, path: undefined }))}`;
}

/** What gives the planner its statistics, which no dump before 18 has. */
export function analyzeCommand(clients: Clients, database: string, jobs: number): PipeCommand {
  return {
    command: clients.path('vacuumdb'),
    args: ['--analyze-only', '-w', '-j', String(jobs), '-d', databaseArgument(database)],
  };
}
