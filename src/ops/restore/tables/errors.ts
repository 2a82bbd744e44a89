import { cleanLine } from '../../../text/clean.ts';
import { plural } from '../../../text/units.ts';
import { defineErrors, failed, refused } from '../../error.ts';
import { wayOut } from '../errors.ts';

/** What the server's words point to. */
const NEXT: readonly (readonly [RegExp, string])[] = [
  [
    /duplicate key value|conflicting key value/,
    'Another row has this key: change or delete it, or restore with --mode skip_existing.',
  ],
  [/violates foreign key constraint/, 'Restore the other table too, by naming it with another --table.'],
  [/lock timeout/, 'Somebody works with the table: see who with pgdeck show locks, and try again.'],
];

export const tablesErrors = defineErrors('restore.tables', {
  ambiguous: ({ name, found }: { name: string; found: readonly string[] }) =>
    refused(
      `${name} is the name of ${found.length} tables in the backup.`,
      `Name one with its schema: ${found.join(', ')}.`,
    ),
  noTable: ({ name, alike, tables }: { name: string; alike: readonly string[]; tables: number }) =>
    refused(
      `The backup has no table ${name}.`,
      alike.length > 0 ? `Did you mean ${alike.join(' or ')}?` : `It has ${plural(tables, 'table')}.`,
    ),

  unreadable: ({ id, stderr }: { id: string; stderr: string }) => {
    // what a program said last is the reason
    const said = stderr.trim().split('\n').at(-1) ?? '';
    return refused(
      `The backup ${id} cannot be read${said === '' ? '.' : `: ${said}`}`,
      `Look at it with: pgdeck backups verify ${id}`,
    );
  },
  unreadableRows: ({ id, stderr }: { id: string; stderr: string }) =>
    refused(`The backup ${id} cannot be read: ${stderr.trim()}`),
  inserts: ({ id }: { id: string }) =>
    refused(
      `Tables cannot be chosen from ${id}, because its rows are INSERT statements.`,
      'Restore all of it into a new database with --into NAME, and take the rows from there.',
    ),
  otherText: ({ id, why }: { id: string; why: string }) =>
    refused(
      `Tables cannot be chosen from ${id}, because its text has: ${why}.`,
      'Restore all of it into a new database with --into NAME.',
    ),
  noCopy: ({ id, table }: { id: string; table: string }) =>
    refused(
      `The rows of ${table} in ${id} are not written with COPY.`,
      `Restore the whole backup into a new database: pgdeck restore ${id} --into NAME`,
    ),
  damaged: ({ id, why }: { id: string; why: string }) =>
    failed(`${id} is damaged: ${why}`, `Nothing was changed. ${wayOut({ id })}`),

  nothingChanged: ({ why, next }: { why: string; next: string | undefined }) =>
    failed(`Nothing was changed: ${why}`, next),
  server: ({ said, detail }: { said: string; detail: string | undefined }) => {
    const sentence = detail === undefined ? said : `${said}: ${detail}`;
    return failed(
      `Nothing was changed: ${cleanLine(sentence)}${/[.!?]$/.test(sentence) ? '' : '.'}`,
      NEXT.find(([pattern]) => pattern.test(said))?.[1],
    );
  },
  // the connection may have broken at its end: whether it was done is not known
  psqlEnded: ({ said }: { said: string }) => failed(`psql ended before it was done: ${cleanLine(said)}`),
});
