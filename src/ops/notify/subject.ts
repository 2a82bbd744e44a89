import { guessFromName } from '../repository/names.ts';

/** What is known of a run alike when it ends, and of one in the journal. */
export interface About {
  readonly operation: string;
  /** `user@host:port/database`, or the directory of a repository. */
  readonly server: string;
  readonly input: Readonly<Record<string, unknown>>;
}

/** What a run is told under; those that are alike in it are about the same. */
export type Check = 'backup_failed' | 'drill_failed' | 'long_run';

/** What is told when a run of an operation fails, however long it took; of the others long runs are. */
export function checkOf({ operation }: About): Check {
  if (operation === 'backup') return 'backup_failed';
  return operation === 'backups verify' ? 'drill_failed' : 'long_run';
}

/** The database that a run is about; null where it is about several or none. */
export function databaseOf({ operation, server, input }: About): string | null {
  const here = /^[^/]*@.*?:\d+\/(.+)$/s.exec(server)?.[1] ?? null;
  switch (operation) {
    case 'backup': {
      const named = Array.isArray(input.database) ? input.database : [];
      if (input.all_databases === true || named.length > 1) return null;
      return text(named[0]) ?? here;
    }
    case 'backups verify':
      // the repository has no database; the name of a backup says whose it is
      return guessFromName(text(input.id)?.replace(/^.*\//s, '') ?? '').database ?? null;
    case 'restore':
      return text(input.into) ?? text(input.database) ?? here;
    default:
      return here;
  }
}

/** Parts of the input that make less of it: a backup of one table does not make up for that of all. */
const EXTENT = ['level', 'schema', 'table', 'schema_only', 'data_only'];

/** Whether two runs did the same, so that the success of one makes up for the failure of the other. */
export function isSameKind(one: About, other: About): boolean {
  // where nothing better is known, only the same on the same tables is the same
  const extent = (about: About) =>
    JSON.stringify(
      checkOf(about) === 'long_run' ? about.input : EXTENT.map((name) => about.input[name] ?? null),
    );
  return (
    one.operation === other.operation &&
    databaseOf(one) === databaseOf(other) &&
    extent(one) === extent(other)
  );
}

const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;
