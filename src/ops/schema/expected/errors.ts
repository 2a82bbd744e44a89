import { quoteIdent } from '../../../db/ident.ts';
import { defineErrors, failed, refused } from '../../error.ts';

const FORMS =
  'Name a file (pgdeck schema snapshot --out schema.json), a backup (latest, or its id), "database NAME", a postgresql:// URL, or migrations.';
const SNAPSHOT = 'Compare with a snapshot instead: pgdeck schema snapshot --out schema.json';

export const expectedErrors = defineErrors('schema.expected', {
  nothing: () => refused('Nothing is named to compare with.', FORMS),
  unknown: ({ against }: { against: string }) => refused(`There is no file and no backup ${against}.`, FORMS),
  noFile: ({ file, code }: { file: string; code: string }) =>
    refused(`${file} cannot be read (${code}).`, 'Make one with: pgdeck schema snapshot --out schema.json'),
  tooBig: ({ file, limit }: { file: string; limit: string }) =>
    refused(`${file} is larger than ${limit}: that is no snapshot of a schema.`, FORMS),
  /** Its text is not told: there may be a password in it. */
  password: () =>
    refused(
      'What is compared with has a password in it, which others can see.',
      'Leave it out, and put it into ~/.pgpass or PGPASSWORD.',
    ),
  badUrl: ({ why }: { why: string }) => refused(why, 'Write postgresql://user@host:5432/database.'),
  unreachable: ({ place, why }: { place: string; why: string }) =>
    failed(`${place}, which is compared with, does not answer: ${why}`),
  itself: ({ place }: { place: string }) =>
    refused(`${place} is the database itself: it would be compared with what it is.`, FORMS),
  readOnly: ({ what }: { what: string }) =>
    refused(`${what}, and this is read-only mode.`, `Start pgdeck with --no-read-only. ${SNAPSHOT}`),
  standby: ({ what }: { what: string }) =>
    refused(`${what}, and this server is a standby.`, `Check the primary. ${SNAPSHOT}`),
  badList: ({ file, at, why }: { file: string; at: string; why: string }) =>
    refused(
      `${file}: ${at === '' ? '' : `${at}: `}${why}`,
      'Write columns as in CREATE TABLE: {"tables":{"users":{"columns":{"email":"text not null"}}}}',
    ),
  mayNotMake: ({ database, user }: { database: string; user: string }) =>
    refused(
      `The server reads a list by making its tables in a transaction that is rolled back, and ${user} may not make a schema in ${database}.`,
      `Ask for: GRANT CREATE ON DATABASE ${quoteIdent(database)} TO ${quoteIdent(user)}. ${SNAPSHOT}`,
    ),
  toolOnly: ({ tool }: { tool: string }) =>
    refused(
      `Migrations of ${tool} are programs, which are not replayed elsewhere.`,
      'Take a snapshot of a database that they were applied to: pgdeck schema snapshot --out schema.json',
    ),
  reachesOut: ({ directory }: { directory: string }) =>
    refused(
      `A migration in ${directory} is about roles, tablespaces, databases, subscriptions or files of the server: it would reach the server from the shadow database, too.`,
      SNAPSHOT,
    ),
  badMigrations: ({ why }: { why: string }) => refused(why, 'Repair it first: pgdeck migrate verify'),
  noReplay: ({ version, why }: { version: string; why: string }) =>
    failed(`The migrations cannot be replayed: ${version} fails in an empty database: ${why}`, SNAPSHOT),
  plainBackup: ({ id, kind }: { id: string; kind: string }) =>
    refused(
      `${id} is plain SQL (${kind}), of which the structure cannot be loaded without the rows.`,
      'Name a backup in the custom or directory format.',
    ),
  dataOnly: ({ id }: { id: string }) => refused(`${id} holds rows only, and no structure.`, FORMS),
  damaged: ({ id }: { id: string }) => refused(`${id} is damaged.`, 'Name another one: pgdeck backups list'),
  olderServer: ({ id, major, server }: { id: string; major: number; server: string }) =>
    refused(
      `${id} is of PostgreSQL ${major}, and this server is ${server}: it may not understand it.`,
      FORMS,
    ),
  cannotLoad: ({ id, why }: { id: string; why: string }) =>
    failed(`The structure in ${id} cannot be loaded into a shadow database: ${why}`),
});
