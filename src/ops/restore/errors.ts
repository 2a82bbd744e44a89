import { shellWord } from '../../text/shell.ts';
import { Untried, untried } from '../archive/bytes/errors.ts';
import { cancelled, defineErrors, failed, refused } from '../error.ts';

/** What can be done when a backup is damaged. */
export function wayOut({ id }: { readonly id: string }): string {
  return (
    'Use another one: pgdeck backups list. If there is none, this one is restored all the same with ' +
    `--accept-damaged ${shellWord(id)}.`
  );
}

export const restoreErrors = defineErrors('restore', {
  // what is to be restored
  beyondDatabase: ({
    path,
    line,
    made,
    why,
  }: {
    path: string;
    line: number;
    /** The line is of the SQL that pg_restore makes of it. */
    made: boolean;
    why: string;
  }) =>
    refused(
      `${path} is not loaded: line ${line} ${made ? 'of what pg_restore makes of it' : 'of it'} has: ${why}.`,
      'A dump of one database has nothing that psql or the server would run beyond it: make one with pg_dump, ' +
        'without --create, or look at the line and load the file by hand.',
    ),
  cluster: ({ path }: { path: string }) =>
    refused(
      `${path} is a dump of a whole cluster by pg_dumpall: roles, tablespaces and every database.`,
      'Load it by hand into a server of its own with psql, or make a dump of one database with pg_dump.',
    ),
  noDump: ({ path }: { path: string }) =>
    refused(
      `${path} is no dump of pg_dump: it does not begin with "PostgreSQL database dump".`,
      'Run SQL of your own with psql, or as a migration.',
    ),
  changedMeanwhile: ({ path }: { path: string }) =>
    refused(`${path} was changed while it was read.`, 'Try again when nobody writes to it.'),
  changedSince: ({ path }: { path: string }) =>
    failed(
      `${path} is not the file that was planned with: it was changed since.`,
      'Nothing was touched. Plan the restore again.',
    ),
  readingCancelled: () => cancelled('Reading it was cancelled.'),
  damaged: ({ id, why }: { id: string; why: string }) =>
    failed(`${id} is damaged: ${why}`, `Nothing was touched. ${wayOut({ id })}`),
  noPgRestore: () => refused('pg_restore is needed to read this archive.', 'Install it first.'),
  rowsOnly: ({ id }: { id: string }) =>
    refused(`${id} holds rows without definitions, and cannot be restored by itself.`, 'Use --level counts.'),

  // what it is restored into
  notEmpty: ({ database }: { database: string }) =>
    refused(`${database} is not empty any more.`, 'Name another one.'),
  otherDatabase: ({ database }: { database: string }) =>
    refused(`${database} is another database by now.`, 'Plan the restore again.'),
  noSafety: () => failed('There is no safety backup of this run.', 'Nothing was dropped.'),
  notDropped: ({ database, why }: { database: string; why: string }) =>
    refused(`${database} was not dropped: ${why}`),
  notAsBackedUp: ({ why }: { why: string }) =>
    failed(why, 'Use another backup, and see: pgdeck backups verify'),

  // the way back
  noPrograms: ({ why }: { why: string }) => failed(why),
  notPutBack: ({
    database,
    id,
    safety,
    damaged,
    why,
  }: {
    database: string;
    /** Of the safety backup, and its path. */
    id: string;
    safety: string;
    damaged: boolean;
    why: string;
  }) => {
    const all = damaged ? ` --accept-damaged ${shellWord(id)}` : '';
    return failed(
      `${database} was dropped, and could not be put back: ${why}`,
      `Its safety backup is ${safety}. Restore it with: pgdeck restore ${shellWord(safety)} --into ${shellWord(database)}${all}`,
    );
  },
  noWayBack: ({ run }: { run: string }) =>
    refused(`${run} has not recorded how to undo it.`, 'Restore the safety backup: pgdeck backups list'),
});

export const proofErrors = defineErrors(
  'restore',
  {
    notLoaded: ({
      id,
      place,
      differs,
      said,
      next,
    }: {
      id: string;
      place: string;
      /** How that place is unlike the server that was backed up; undefined where it is not. */
      differs: string | undefined;
      said: string;
      next: string | undefined;
    }) =>
      untried(id, `${place}${differs === undefined ? '' : ` (${differs})`} could not load it: ${said}`, next),
    noPlace: ({ id, throwaway, beside }: { id: string; throwaway: string; beside: string }) =>
      untried(
        id,
        `there is no place to restore it into. ${throwaway} ${beside}`,
        'Until then use --level counts.',
      ),
    notTried: ({ id, why, next }: { id: string; why: string; next: string | undefined }) =>
      untried(id, why, next),
  },
  Untried,
);
