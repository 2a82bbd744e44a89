import { z } from 'zod';
import { column, defineQuery, type RowOf } from '../../../db/query.ts';

const facts = (admin: string) => `SELECT /* pgdeck */ r.oid::int8::text AS oid, r.rolname::text AS name,
  r.rolsuper AS superuser, r.rolinherit AS inherits, r.rolcreaterole AS creates_roles, r.rolcreatedb AS creates_databases,
  r.rolcanlogin AS logs_in, r.rolreplication AS replicates, r.rolconnlimit AS connection_limit,
  r.rolvaliduntil::text AS valid_until, coalesce(r.rolvaliduntil < now(), false) AS expired,
  r.oid = me.oid AS is_me, me.rolsuper OR (me.rolcreaterole AND NOT r.rolsuper AND ${admin}) AS may_alter,
  ARRAY(SELECT g.rolname::text FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid WHERE m.member = r.oid ORDER BY 1) AS member_of,
  (SELECT count(*)::int FROM pg_stat_activity a WHERE a.usesysid = r.oid AND a.pid <> pg_backend_pid()) AS sessions
FROM pg_roles r, pg_roles me WHERE r.rolname = $1 AND me.rolname = current_user`;

/** What a role is, and whether this one may change it. No row: there is none of that name. */
export const roleFacts = defineQuery({
  id: 'role.facts',
  variants: [
    // CREATEROLE is of those roles only that it has been given the administration of
    { min: 16, sql: facts(`pg_has_role(me.oid, r.oid, 'MEMBER WITH ADMIN OPTION')`) },
    { sql: facts('(NOT r.rolreplication OR me.rolreplication)') },
  ],
  row: z.object({
    oid: z.string().transform(Number),
    name: z.string(),
    superuser: z.boolean(),
    inherits: z.boolean(),
    creates_roles: z.boolean(),
    creates_databases: z.boolean(),
    logs_in: z.boolean(),
    replicates: z.boolean(),
    /** -1: none. */
    connection_limit: z.int(),
    /** Of its password, in UTC; null: it does not expire. */
    valid_until: column.time,
    expired: z.boolean(),
    is_me: z.boolean(),
    may_alter: z.boolean(),
    /** Names of the roles that it is a direct member of. */
    member_of: z.array(z.string()),
    sessions: z.int(),
  }),
  params: ({ role }: { role: string }) => [role],
});
export type RoleFacts = RowOf<typeof roleFacts>;

/** Whether this role may read what is kept of passwords. */
export const mayReadStored = defineQuery({
  id: 'role.may_read_stored',
  variants: [{ sql: `SELECT /* pgdeck */ has_table_privilege('pg_catalog.pg_authid', 'SELECT') AS may` }],
  row: z.object({ may: z.boolean() }),
});

/** What is kept of a role's password, for those who may read it. */
export const storedPassword = defineQuery({
  id: 'role.stored',
  variants: [
    { sql: `SELECT /* pgdeck */ rolpassword AS stored FROM pg_catalog.pg_authid WHERE rolname = $1` },
  ],
  unavailable: ({ rights }) =>
    rights.superuser
      ? undefined
      : {
          reason: 'Only superusers see how passwords are kept (pg_authid).',
          remedy: 'Connect as a superuser.',
        },
  row: z.object({ stored: column.text }),
  params: ({ role }: { role: string }) => [role],
});

/** A time as the server reads it, and whether it is past. Raises what is wrong with it. */
export const timeRead = defineQuery({
  id: 'role.time',
  variants: [
    {
      sql: `SELECT /* pgdeck */ $1::timestamptz::text AS time, $1::timestamptz <= now() AS past`,
    },
  ],
  row: z.object({ time: z.string(), past: z.boolean() }),
  params: ({ time }: { time: string }) => [time],
});

/** What belongs to a role or was given to it, by database; null is what all of them share. */
export const roleUses = defineQuery({
  id: 'role.uses',
  variants: [
    {
      sql: `SELECT /* pgdeck */ d.datname::text AS database, count(*) FILTER (WHERE s.deptype = 'o')::int AS owned,
  count(*) FILTER (WHERE s.deptype <> 'o')::int AS granted
FROM pg_shdepend s LEFT JOIN pg_database d ON d.oid = s.dbid
WHERE s.refclassid = 'pg_authid'::regclass AND s.refobjid = $1::int8::oid GROUP BY 1 ORDER BY 1`,
    },
  ],
  row: z.object({ database: column.text, owned: z.int(), granted: z.int() }),
  params: ({ oid }: { oid: number }) => [oid],
});
