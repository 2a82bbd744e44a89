import { z } from 'zod';
import { column, defineQuery } from '../../../db/query.ts';

const known = (
  versions: string,
) => `SELECT /* pgdeck */ pg_char_to_encoding($1) >= 0 AND pg_char_to_encoding($1) < 35 AS encoding,
  -- a locale that the system has got since initdb is in no catalog
  $2::text IS NULL OR $2 IN ('C', 'POSIX') OR EXISTS (SELECT FROM pg_collation WHERE $2 IN (collname, collcollate)) AS locale,
  EXISTS (SELECT FROM pg_collation WHERE collprovider = 'i') AS icu,
  $3::text IS NULL OR EXISTS (SELECT FROM pg_tablespace WHERE spcname = $3 AND (has_tablespace_privilege(oid, 'CREATE')
    OR oid = (SELECT dattablespace FROM pg_database WHERE datname = 'template1'))) AS tablespace,
  ${versions} AS collation_changed,
  (SELECT count(*)::int FROM pg_stat_activity a JOIN pg_database d ON d.oid = a.datid WHERE d.datname = $4 AND a.usesysid IS NOT NULL AND a.pid <> pg_backend_pid()) AS in_template`;

/** Whether the server knows what a new database is asked to be. */
export const createKnown = defineQuery({
  id: 'databases.known',
  variants: [
    {
      min: 15,
      sql: known(
        '(SELECT datcollversion <> pg_database_collation_actual_version(oid) FROM pg_database WHERE datname = $4)',
      ),
    },
    { sql: known('false') },
  ],
  row: z.object({
    encoding: column.bool,
    locale: z.boolean(),
    /** The server was built with ICU. */
    icu: z.boolean(),
    /** There is one of that name, and this role may make databases in it. */
    tablespace: z.boolean(),
    /** The template was sorted by other rules than the system has now: CREATE DATABASE refuses it. */
    collation_changed: column.bool,
    in_template: z.int(),
  }),
  params: ({
    encoding,
    locale,
    tablespace,
    template,
  }: {
    readonly encoding: string | undefined;
    readonly locale: string | undefined;
    readonly tablespace: string | undefined;
    readonly template: string;
  }) => [encoding ?? 'UTF8', locale ?? null, tablespace ?? null, template],
});

const member = (membership: string) =>
  `SELECT /* pgdeck */ pg_has_role(current_user, oid, '${membership}') AS may FROM pg_roles WHERE rolname = $1`;

/** Whether this role may give something to another one. No row: there is none of that name. */
export const mayGiveTo = defineQuery({
  id: 'databases.may_give',
  variants: [
    // being a member is one thing, SET ROLE another since 16
    { min: 16, sql: member('SET') },
    { sql: member('MEMBER') },
  ],
  row: z.object({ may: z.boolean() }),
  params: ({ role }: { role: string }) => [role],
});
