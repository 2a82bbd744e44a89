import { z } from 'zod';
import { column, defineQuery, type RowOf } from '../../../db/query.ts';

/** Schemas of people, not of the server or of an extension. */
const OWN_SCHEMAS = `n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_namespace'::regclass AND d.objid = n.oid AND d.deptype = 'e')`;

/** The schemas of this database, who owns them and what is in them, and what a role may do there. */
export const grantSchemas = defineQuery({
  id: 'role.schemas',
  variants: [
    {
      sql: `SELECT /* pgdeck */ n.nspname::text AS name,
  CASE WHEN n.nspowner::regrole::text = 'pg_database_owner' THEN pg_get_userbyid(b.datdba) ELSE pg_get_userbyid(n.nspowner) END::text AS owner,
  has_schema_privilege($1::int8::oid, n.oid, 'USAGE') AS has_usage, has_schema_privilege($1::int8::oid, n.oid, 'CREATE') AS has_create,
  pg_has_role(current_user, CASE WHEN n.nspowner::regrole::text = 'pg_database_owner' THEN b.datdba ELSE n.nspowner END, 'USAGE') AS mine,
  ARRAY(SELECT DISTINCT pg_get_userbyid(o.owner)::text FROM (
    SELECT relowner FROM pg_class WHERE relnamespace = n.oid AND relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
    UNION SELECT proowner FROM pg_proc WHERE pronamespace = n.oid) o(owner) ORDER BY 1) AS owners
FROM pg_namespace n, pg_database b WHERE b.datname = current_database() AND ${OWN_SCHEMAS} ORDER BY n.nspname`,
    },
  ],
  row: z.object({
    name: z.string(),
    owner: z.string(),
    has_usage: z.boolean(),
    has_create: z.boolean(),
    /** This role has its owner's rights. */
    mine: z.boolean(),
    /** Of what is in it. */
    owners: z.array(z.string()),
  }),
  params: ({ oid }: { oid: number }) => [oid],
});
export type GrantSchema = RowOf<typeof grantSchemas>;

/** What a role lacks of these rights on what is in these schemas, an extension's own objects left out. */
export const missingRights = defineQuery({
  id: 'role.missing',
  variants: [
    {
      sql: `WITH /* pgdeck */ o AS (
  SELECT CASE WHEN c.relkind = 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind, c.oid, n.nspname, c.relname AS name, c.relowner AS owner,
    format('%I.%I', n.nspname, c.relname) AS identity
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = ANY ($2::text[]) AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
  UNION ALL
  SELECT 'ROUTINE', p.oid, n.nspname, p.proname, p.proowner, p.oid::regprocedure::text
  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
  WHERE n.nspname = ANY ($2::text[])
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')),
w(kind, privilege) AS (SELECT split_part(x, ' ', 1), split_part(x, ' ', 2) FROM unnest($3::text[]) x)
SELECT o.kind, o.nspname::text AS schema, o.identity, w.privilege, pg_get_userbyid(o.owner)::text AS owner,
  pg_has_role(current_user, o.owner, 'USAGE') AS mine, count(*) OVER ()::int AS total
FROM o JOIN w ON w.kind = o.kind
WHERE NOT CASE o.kind WHEN 'TABLE' THEN has_table_privilege($1::int8::oid, o.oid, w.privilege)
  WHEN 'SEQUENCE' THEN has_sequence_privilege($1::int8::oid, o.oid, w.privilege)
  ELSE has_function_privilege($1::int8::oid, o.oid, w.privilege) END
ORDER BY o.kind, o.nspname, o.identity, w.privilege`,
    },
  ],
  row: z.object({
    kind: z.enum(['TABLE', 'SEQUENCE', 'ROUTINE']),
    schema: z.string(),
    /** Quoted where it has to be. */
    identity: z.string(),
    privilege: z.string(),
    owner: z.string(),
    /** This role has the owner's rights, and may grant. */
    mine: z.boolean(),
    total: z.int(),
  }),
  params: ({
    oid,
    schemas,
    rights,
  }: {
    readonly oid: number;
    readonly schemas: readonly string[];
    readonly rights: readonly string[];
  }) => [oid, [...schemas], [...rights]],
});
export type MissingRight = RowOf<typeof missingRights>;

/** What new objects of an owner in a schema grant to a role by themselves: `r` tables, `S` sequences, `f` routines. */
export const defaultRights = defineQuery({
  id: 'role.defaults',
  variants: [
    {
      sql: `SELECT /* pgdeck */ pg_get_userbyid(d.defaclrole)::text AS owner, n.nspname::text AS schema, d.defaclobjtype::text AS kind, a.privilege_type AS privilege
FROM pg_default_acl d LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace, aclexplode(d.defaclacl) a
WHERE a.grantee IN (0, $1::int8::oid)`,
    },
  ],
  row: z.object({
    owner: z.string(),
    /** null: in every schema. */
    schema: column.text,
    kind: z.string(),
    privilege: z.string(),
  }),
  params: ({ oid }: { oid: number }) => [oid],
});
export type DefaultRight = RowOf<typeof defaultRights>;

/** The database, and what a role may do with it and is a member of. */
export const grantDatabase = defineQuery({
  id: 'role.database',
  variants: [
    {
      sql: `SELECT /* pgdeck */ b.datname::text AS name, pg_get_userbyid(b.datdba)::text AS owner, o.rolsuper AS owner_super,
  pg_has_role($1::int8::oid, b.datdba, 'USAGE') AS acts_as_owner,
  pg_has_role(current_user, b.datdba, 'USAGE') AS mine,
  has_database_privilege($1::int8::oid, b.oid, 'CONNECT') AS has_connect,
  has_database_privilege($1::int8::oid, b.oid, 'CREATE') AS has_create,
  has_database_privilege($1::int8::oid, b.oid, 'TEMPORARY') AS has_temporary,
  pg_has_role($1::int8::oid, 'pg_monitor', 'USAGE') AS has_monitor
FROM pg_database b JOIN pg_roles o ON o.oid = b.datdba WHERE b.datname = current_database()`,
    },
  ],
  row: z.object({
    name: z.string(),
    owner: z.string(),
    owner_super: z.boolean(),
    /** It has the owner's rights without SET ROLE. */
    acts_as_owner: z.boolean(),
    mine: z.boolean(),
    has_connect: z.boolean(),
    has_create: z.boolean(),
    has_temporary: z.boolean(),
    has_monitor: z.boolean(),
  }),
  params: ({ oid }: { oid: number }) => [oid],
});
export type GrantDatabase = RowOf<typeof grantDatabase>;

/** Owners whose default privileges this role may set. */
export const actsAs = defineQuery({
  id: 'role.acts_as',
  variants: [
    {
      sql: `SELECT /* pgdeck */ x AS role, pg_has_role(current_user, x::name, 'USAGE') AS may, r.rolsuper AS superuser
FROM unnest($1::text[]) x JOIN pg_roles r ON r.rolname = x`,
    },
  ],
  row: z.object({ role: z.string(), may: z.boolean(), superuser: z.boolean() }),
  params: ({ roles }: { readonly roles: readonly string[] }) => [[...roles]],
});
