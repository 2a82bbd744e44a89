import { z } from 'zod';
import { column, defineQuery, type RowOf } from '../../query.ts';

function facts(provider: string, locale: string, rules: string): string {
  return `SELECT /* pgdeck */ d.oid::int8::text AS oid, d.datname::text AS name, pg_encoding_to_char(d.encoding)::text AS encoding,
  d.datcollate::text AS lc_collate, d.datctype::text AS lc_ctype, ${provider} AS provider, ${locale} AS locale, ${rules} AS icu_rules,
  pg_get_userbyid(d.datdba)::text AS owner, t.spcname::text AS tablespace,
  d.dattablespace = (SELECT dattablespace FROM pg_database WHERE datname = 'template0') AS common_tablespace,
  shobj_description(d.oid, 'pg_database') AS comment, d.datallowconn AS allows_connections, d.datconnlimit AS connection_limit,
  d.datistemplate AS is_template,
  d.datacl IS NULL OR EXISTS (SELECT FROM aclexplode(d.datacl) a WHERE a.grantee = 0 AND a.privilege_type = 'CONNECT') AS open_to_all,
  me.rolsuper OR pg_has_role(current_user, d.datdba, 'USAGE') AS owned,
  EXISTS (SELECT FROM pg_roles s WHERE s.rolsuper AND pg_has_role(d.datdba, s.oid, 'MEMBER')) AS owner_super,
  me.rolsuper OR me.rolcreatedb AS may_create
FROM pg_database d JOIN pg_tablespace t ON t.oid = d.dattablespace
  CROSS JOIN (SELECT rolsuper, rolcreatedb FROM pg_roles WHERE rolname = current_user) me
WHERE d.datname = $1`;
}

/** What a database is made of, and whether this role owns it. No row: there is none of that name. */
export const databaseFacts = defineQuery({
  id: 'database.facts',
  variants: [
    { max: 14, sql: facts('NULL::text', 'NULL::text', 'NULL::text') },
    { min: 15, max: 15, sql: facts('d.datlocprovider::text', 'd.daticulocale::text', 'NULL::text') },
    {
      min: 16,
      max: 16,
      sql: facts('d.datlocprovider::text', 'd.daticulocale::text', 'd.daticurules::text'),
    },
    { min: 17, sql: facts('d.datlocprovider::text', 'd.datlocale::text', 'd.daticurules::text') },
  ],
  row: z.object({
    oid: z.string().transform(Number),
    name: z.string(),
    encoding: z.string(),
    lc_collate: z.string(),
    lc_ctype: z.string(),
    /** `c` (libc), `i` (ICU), `b` (built-in); null before 15. */
    provider: column.text,
    /** Of ICU and the built-in provider. */
    locale: column.text,
    icu_rules: column.text,
    owner: z.string(),
    tablespace: z.string(),
    /** The tablespace that a database gets when none is named. */
    common_tablespace: z.boolean(),
    comment: column.text,
    allows_connections: z.boolean(),
    /** -1: none; -2: a DROP DATABASE was interrupted. */
    connection_limit: z.int(),
    is_template: z.boolean(),
    /** PUBLIC may connect. */
    open_to_all: z.boolean(),
    /** Its owner is a superuser, or a member of one. */
    owner_super: z.boolean(),
    /** This role has the owner's rights. */
    owned: z.boolean(),
    /** This role may create databases. */
    may_create: z.boolean(),
  }),
  params: ({ database }: { database: string }) => [database],
});
export type DatabaseFacts = RowOf<typeof databaseFacts>;

/** Every database with what tells whose it is and what is in its way. */
export const databaseList = defineQuery({
  id: 'database.list',
  variants: [
    {
      sql: `SELECT /* pgdeck */ d.oid::int8::text AS oid, d.datname::text AS name, shobj_description(d.oid, 'pg_database') AS comment,
  d.datallowconn AS allows_connections, d.datconnlimit AS connection_limit, d.datistemplate AS is_template,
  (SELECT count(*)::int FROM pg_stat_activity a WHERE a.datid = d.oid AND a.usesysid IS NOT NULL) AS sessions,
  (SELECT count(*)::int FROM pg_replication_slots s WHERE s.database = d.datname) AS slots
FROM pg_database d WHERE d.datname <> 'template0' ORDER BY d.datname`,
    },
  ],
  row: z.object({
    oid: z.string().transform(Number),
    name: z.string(),
    comment: column.text,
    allows_connections: z.boolean(),
    connection_limit: z.int(),
    is_template: z.boolean(),
    sessions: z.int(),
    slots: z.int(),
  }),
});
export type DatabaseListRow = RowOf<typeof databaseList>;
