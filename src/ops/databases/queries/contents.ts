import { z } from 'zod';
import { defineQuery, type RowOf } from '../../../db/query.ts';

/** Everything in a database that is in a schema of people and no extension's, but what goes with something else of it. */
export const schemaContents = defineQuery({
  id: 'databases.contents',
  variants: [
    {
      sql: `WITH /* pgdeck */ o(classid, oid, ns, owner) AS (
  SELECT 'pg_class'::regclass, oid, relnamespace, relowner FROM pg_class WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
  UNION ALL SELECT 'pg_proc'::regclass, oid, pronamespace, proowner FROM pg_proc
  UNION ALL SELECT 'pg_type'::regclass, t.oid, t.typnamespace, t.typowner FROM pg_type t LEFT JOIN pg_class c ON c.oid = t.typrelid
    WHERE t.typtype IN ('d', 'e', 'r') OR (t.typtype = 'c' AND c.relkind = 'c') OR (t.typtype = 'b' AND t.typelem = 0)
  UNION ALL SELECT 'pg_collation'::regclass, oid, collnamespace, collowner FROM pg_collation
  UNION ALL SELECT 'pg_conversion'::regclass, oid, connamespace, conowner FROM pg_conversion
  UNION ALL SELECT 'pg_operator'::regclass, oid, oprnamespace, oprowner FROM pg_operator
  UNION ALL SELECT 'pg_opclass'::regclass, oid, opcnamespace, opcowner FROM pg_opclass
  UNION ALL SELECT 'pg_opfamily'::regclass, oid, opfnamespace, opfowner FROM pg_opfamily
  UNION ALL SELECT 'pg_ts_config'::regclass, oid, cfgnamespace, cfgowner FROM pg_ts_config
  UNION ALL SELECT 'pg_ts_dict'::regclass, oid, dictnamespace, dictowner FROM pg_ts_dict
  UNION ALL SELECT 'pg_statistic_ext'::regclass, oid, stxnamespace, stxowner FROM pg_statistic_ext)
SELECT i.type, i.identity, n.nspname::text AS schema, pg_get_userbyid(o.owner)::text AS owner,
  pg_has_role(current_user, o.owner, 'USAGE') OR pg_has_role(current_user, n.nspowner, 'USAGE') AS mine
FROM o JOIN pg_namespace n ON n.oid = o.ns, LATERAL pg_identify_object(o.classid, o.oid, 0) i
WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = o.classid AND d.objid = o.oid AND d.deptype IN ('e', 'i'))
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_namespace'::regclass AND d.objid = n.oid AND d.deptype = 'e')
ORDER BY i.type, i.identity`,
    },
  ],
  row: z.object({
    /** As SQL names its kind: `table`, `operator class`. */
    type: z.string(),
    /** With its schema, quoted where it has to be. */
    identity: z.string(),
    schema: z.string(),
    owner: z.string(),
    /** This role may drop it. */
    mine: z.boolean(),
  }),
});
export type Content = RowOf<typeof schemaContents>;

/** The extensions of a database, with where their objects are. */
export const extensionList = defineQuery({
  id: 'databases.extensions',
  variants: [
    {
      sql: `SELECT /* pgdeck */ e.extname::text AS name, e.extversion AS version, n.nspname::text AS schema
FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname <> 'plpgsql' ORDER BY e.oid`,
    },
  ],
  row: z.object({ name: z.string(), version: z.string(), schema: z.string() }),
});
export type ExtensionRow = RowOf<typeof extensionList>;

/** What of a database is in no schema: it stays when the schemas are emptied. */
export const outsideSchemas = defineQuery({
  id: 'databases.outside',
  variants: [
    {
      sql: `SELECT /* pgdeck */ (SELECT count(*)::int FROM pg_largeobject_metadata) AS large_objects,
  (SELECT count(*)::int FROM pg_publication) AS publications, (SELECT count(*)::int FROM pg_event_trigger) AS event_triggers,
  (SELECT count(*)::int FROM pg_foreign_server) AS foreign_servers`,
    },
  ],
  row: z.object({
    large_objects: z.int(),
    publications: z.int(),
    event_triggers: z.int(),
    foreign_servers: z.int(),
  }),
});
