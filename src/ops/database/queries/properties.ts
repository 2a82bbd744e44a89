import { z } from 'zod';
import { defineQuery } from '../../../db/query.ts';

/** Settings whose value is a list of names: each element has to be a literal of its own. */
const LISTS = `('search_path', 'temp_tablespaces', 'local_preload_libraries', 'session_preload_libraries')`;

/** A list as pg_db_role_setting stores it (`"Mixed Case", app`) as literals, one for each element. */
const ELEMENTS = `coalesce((SELECT string_agg(quote_literal(
      CASE WHEN e LIKE '"%"' THEN replace(substr(e, 2, length(e) - 2), '""', '"') ELSE e END), ', ')
    FROM (SELECT trim(both ' ' FROM m[1]) AS e
      FROM regexp_matches(val, '\\s*("(?:[^"]|"")*"|[^,]*)\\s*(?:,|$)', 'g') m WHERE trim(m[1]) <> '') x), quote_literal(''))`;

const ASSIGNMENT = `(SELECT string_agg(quote_ident(part), '.') FROM unnest(string_to_array(name, '.')) part)
    || ' TO ' || CASE WHEN name IN ${LISTS} THEN ${ELEMENTS} ELSE quote_literal(val) END`;

/**
 * Statements that give the database `fresh` what belongs to the database `old` and is in no dump of it: owner,
 * connection limit, template flag, security labels, grants, settings, settings of roles in it; with `comment`, its
 * comment. In the order in which they have to run. No row: there is no database `old`.
 */
export const databasePropertyStatements = defineQuery({
  id: 'database.properties',
  variants: [
    {
      sql: `WITH /* pgdeck */ d AS (SELECT *, oid AS doid, shobj_description(oid, 'pg_database') AS comment FROM pg_database WHERE datname = $1),
cfg AS (
  SELECT s.setrole, split_part(c, '=', 1) AS name, substr(c, strpos(c, '=') + 1) AS val
  FROM pg_db_role_setting s JOIN d ON s.setdatabase = d.doid, unnest(s.setconfig) c),
statements(ord, sql) AS (
  SELECT 10, format('ALTER DATABASE %I OWNER TO %I', $2::text, pg_get_userbyid(datdba)) FROM d
  UNION ALL SELECT 20, format('ALTER DATABASE %I CONNECTION LIMIT %s', $2::text, datconnlimit) FROM d WHERE datconnlimit >= 0
  UNION ALL SELECT 25, format('ALTER DATABASE %I IS_TEMPLATE true', $2::text) FROM d WHERE datistemplate
  UNION ALL SELECT 30, format('COMMENT ON DATABASE %I IS %L', $2::text, comment) FROM d WHERE $3::bool AND comment IS NOT NULL
  UNION ALL SELECT 35, format('SECURITY LABEL FOR %I ON DATABASE %I IS %L', l.provider, $2::text, l.label)
    FROM pg_shseclabel l, d WHERE l.classoid = 'pg_database'::regclass AND l.objoid = d.doid
  -- no list of grants stands for the built-in ones, which a new database has; any other is given anew from nothing
  UNION ALL SELECT 40, format('REVOKE ALL ON DATABASE %I FROM PUBLIC', $2::text) FROM d WHERE datacl IS NOT NULL
  UNION ALL SELECT 41, format('REVOKE ALL ON DATABASE %I FROM %I', $2::text, pg_get_userbyid(datdba)) FROM d WHERE datacl IS NOT NULL
  UNION ALL SELECT 42, format('GRANT %s ON DATABASE %I TO %s%s', string_agg(DISTINCT a.privilege_type, ', '), $2::text,
      CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END,
      CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
    FROM d, aclexplode(d.datacl) a GROUP BY a.grantee, a.is_grantable
  UNION ALL SELECT 50, format('ALTER DATABASE %I SET %s', $2::text, ${ASSIGNMENT}) FROM cfg WHERE setrole = 0
  UNION ALL SELECT 60, format('ALTER ROLE %I IN DATABASE %I SET %s', pg_get_userbyid(setrole), $2::text, ${ASSIGNMENT})
    FROM cfg WHERE setrole <> 0)
SELECT /* pgdeck */ sql FROM statements ORDER BY ord, sql`,
    },
  ],
  row: z.object({ sql: z.string() }),
  params: ({ old, fresh, comment }: { old: string; fresh: string; comment: boolean }) => [
    old,
    fresh,
    comment,
  ],
});
