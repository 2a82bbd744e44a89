import { z } from 'zod';
import { column, defineQuery, type RowOf } from '../../query.ts';

function database(provider: string, locale: string, rules: string): string {
  return `SELECT /* pgdeck */ d.oid, d.datname::text AS name, pg_encoding_to_char(d.encoding)::text AS encoding,
  d.datcollate::text AS collate, d.datctype::text AS ctype, ${provider} AS locale_provider, ${locale} AS locale, ${rules} AS icu_rules,
  pg_get_userbyid(d.datdba)::text AS owner, pg_database_size(d.oid)::float8 AS bytes,
  (SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END)::text AS lsn,
  to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS at
FROM pg_database d WHERE d.datname = current_database()`;
}

/** What a new database has to have in common with this one, and where its log stands. */
export const backupDatabase = defineQuery({
  id: 'backup.database',
  variants: [
    { max: 14, sql: database('NULL::text', 'NULL::text', 'NULL::text') },
    {
      min: 15,
      max: 15,
      sql: database('d.datlocprovider::text', 'd.daticulocale::text', 'NULL::text'),
    },
    {
      min: 16,
      max: 16,
      sql: database('d.datlocprovider::text', 'd.daticulocale::text', 'd.daticurules::text'),
    },
    {
      min: 17,
      sql: database('d.datlocprovider::text', 'd.datlocale::text', 'd.daticurules::text'),
    },
  ],
  row: z.object({
    oid: z.int(),
    name: z.string(),
    encoding: z.string(),
    collate: column.text,
    ctype: column.text,
    locale_provider: column.text,
    locale: column.text,
    icu_rules: column.text,
    owner: z.string(),
    bytes: z.number(),
    lsn: column.text,
    at: z.string(),
  }),
});
export type BackupDatabase = RowOf<typeof backupDatabase>;

/** What tells this cluster from every other one; some managed services do not say. */
export const backupSystem = defineQuery({
  id: 'backup.system',
  variants: [{ sql: 'SELECT /* pgdeck */ system_identifier::text FROM pg_control_system()' }],
  row: z.object({ system_identifier: z.string() }),
});

/** Extensions, and the roles and tablespaces outside the database that its definitions name. */
export const backupNeeds = defineQuery({
  id: 'backup.needs',
  variants: [
    {
      sql: `SELECT /* pgdeck */ 'extension' AS kind, extname::text AS name, extversion AS version FROM pg_extension WHERE extname <> 'plpgsql'
UNION ALL
SELECT 'role', r.rolname::text, NULL FROM pg_roles r WHERE r.rolname !~ '^pg_' AND r.oid IN (
  SELECT s.refobjid FROM pg_shdepend s WHERE s.refclassid = 'pg_authid'::regclass
    AND (s.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
      OR s.classid = 'pg_database'::regclass AND s.objid = (SELECT oid FROM pg_database WHERE datname = current_database()))
    -- a dump gives extensions and what belongs to them to nobody
    AND NOT (s.deptype IN ('o', 'i') AND (s.classid = 'pg_extension'::regclass OR EXISTS (SELECT FROM pg_depend e
      WHERE e.classid = s.classid AND e.objid = s.objid AND e.deptype = 'e')))
  UNION SELECT datdba FROM pg_database WHERE datname = current_database()
  -- dependencies on the bootstrap superuser are not written down
  UNION SELECT c.relowner FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid AND e.deptype = 'e')
  UNION SELECT p.proowner FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_proc'::regclass AND e.objid = p.oid AND e.deptype = 'e')
  UNION SELECT n.nspowner FROM pg_namespace n WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    AND NOT (n.nspname = 'public' AND n.nspowner = 10)
    AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_namespace'::regclass AND e.objid = n.oid AND e.deptype = 'e')
  -- arrays and row types belong to whoever owns the type or table behind them
  UNION SELECT t.typowner FROM pg_type t WHERE t.oid >= 16384 AND t.typrelid = 0 AND t.typcategory <> 'A'
    AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_type'::regclass AND e.objid = t.oid AND e.deptype = 'e')
  UNION SELECT f.fdwowner FROM pg_foreign_data_wrapper f WHERE f.oid >= 16384
    AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_foreign_data_wrapper'::regclass AND e.objid = f.oid AND e.deptype = 'e')
  UNION SELECT srvowner FROM pg_foreign_server UNION SELECT evtowner FROM pg_event_trigger UNION SELECT pubowner FROM pg_publication
  UNION SELECT lomowner FROM pg_largeobject_metadata UNION SELECT defaclrole FROM pg_default_acl
  -- of a shared catalog, and so with no database in pg_shdepend
  UNION SELECT subowner FROM pg_subscription WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database()))
UNION ALL
SELECT 'tablespace', t.spcname::text, NULL FROM pg_tablespace t WHERE t.spcname NOT IN ('pg_default', 'pg_global') AND t.oid IN (
  SELECT reltablespace FROM pg_class UNION SELECT dattablespace FROM pg_database WHERE datname = current_database())
ORDER BY 1, 2`,
    },
  ],
  row: z.object({
    kind: z.enum(['extension', 'role', 'tablespace']),
    name: z.string(),
    version: column.text,
  }),
});

/** How many large objects there are, how many of them this role may not read, and what they take on disk. */
export const backupLargeObjects = defineQuery({
  id: 'backup.large_objects',
  variants: [
    {
      sql: `SELECT /* pgdeck */ count(*)::int AS objects,
  (count(*) FILTER (WHERE NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AND NOT pg_has_role(m.lomowner, 'USAGE')
    AND NOT EXISTS (SELECT 1 FROM aclexplode(m.lomacl) a
      WHERE a.privilege_type = 'SELECT' AND (a.grantee = 0 OR pg_has_role(a.grantee, 'USAGE')))))::int AS unreadable,
  (SELECT c.relpages * current_setting('block_size')::float8 FROM pg_class c WHERE c.oid = 'pg_largeobject'::regclass) AS bytes
FROM pg_largeobject_metadata m`,
    },
  ],
  row: z.object({ objects: z.int(), unreadable: z.int(), bytes: z.number() }),
});

/** Databases that can be backed up: those that let this role in and are no templates. */
export const backupDatabases = defineQuery({
  id: 'backup.databases',
  variants: [
    {
      sql: `SELECT /* pgdeck */ datname::text AS name, has_database_privilege(oid, 'CONNECT') AS allowed,
  CASE WHEN has_database_privilege(oid, 'CONNECT') THEN pg_database_size(oid) END::float8 AS bytes,
  shobj_description(oid, 'pg_database') AS comment
FROM pg_database WHERE datallowconn AND NOT datistemplate AND datconnlimit <> -2
  AND datname NOT IN ('rdsadmin', 'cloudsqladmin', 'azure_maintenance', 'azure_sys')
ORDER BY datname COLLATE "C"`,
    },
  ],
  row: z.object({ name: z.string(), allowed: z.boolean(), bytes: column.float, comment: column.text }),
});

/** Whether this role may read the verifiers of passwords, which pg_dumpall writes unless it is told not to. */
export const backupPasswords = defineQuery({
  id: 'backup.passwords',
  variants: [{ sql: `SELECT /* pgdeck */ has_table_privilege('pg_authid', 'SELECT') AS readable` }],
  row: z.object({ readable: z.boolean() }),
});
