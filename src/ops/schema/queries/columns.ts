import type { Server } from '../../../db/server.ts';
import { catalogQuery, comment, flag, notOfExtension, select, sorted, USER_SCHEMA } from './object.ts';

/** What is set for a sequence, as CREATE SEQUENCE takes it; `s` is its row in pg_sequence. */
const SEQUENCE = `format('START %s INCREMENT %s MINVALUE %s MAXVALUE %s CACHE %s%s', s.seqstart, s.seqincrement, s.seqmin, s.seqmax,
      s.seqcache, CASE WHEN s.seqcycle THEN ' CYCLE' END)`;

/** NOT NULL has a row and a name from 18 on; the name that it gets by itself is not told. */
const NOT_NULL_CONSTRAINT = `(SELECT k.conname || CASE WHEN k.connoinherit THEN ' NO INHERIT' ELSE '' END || CASE WHEN k.convalidated THEN '' ELSE ' NOT VALID' END
      FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'n' AND k.conkey[1] = a.attnum
        AND (k.connoinherit OR NOT k.convalidated OR k.conname <> c.relname || '_' || a.attname || '_not_null'))`;

const STORAGE = `CASE a.attstorage WHEN 'p' THEN 'plain' WHEN 'e' THEN 'external' WHEN 'm' THEN 'main' WHEN 'x' THEN 'extended' END`;

function columns({ major }: Pick<Server, 'major'>): string {
  return select({
    kind: `CASE c.relkind WHEN 'c' THEN 'attribute' ELSE 'column' END`,
    name: ['n.nspname', 'c.relname', 'a.attname'],
    attributes: {
      // without gaps: what was dropped keeps its number
      position: `CASE WHEN c.relkind NOT IN ('v', 'm') THEN row_number() OVER (PARTITION BY a.attrelid ORDER BY a.attnum) END`,
      type: 'format_type(a.atttypid, a.atttypmod)',
      collation: `CASE WHEN a.attcollation <> t.typcollation THEN a.attcollation::regcollation::text END`,
      not_null: flag('a.attnotnull'),
      not_null_constraint: major < 18 ? 'NULL' : NOT_NULL_CONSTRAINT,
      default: `CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END`,
      generated: `CASE WHEN a.attgenerated <> '' THEN pg_get_expr(d.adbin, d.adrelid) || CASE a.attgenerated WHEN 'v' THEN ' VIRTUAL' ELSE ' STORED' END END`,
      // a partition has its parent's from 17 on, and no sequence
      identity: `CASE WHEN a.attidentity <> '' THEN CASE a.attidentity WHEN 'a' THEN 'ALWAYS' ELSE 'BY DEFAULT' END || (
      SELECT format(' (%s)', ${SEQUENCE}) FROM pg_depend o JOIN pg_sequence s ON s.seqrelid = o.objid
      WHERE o.classid = 'pg_class'::regclass AND o.refclassid = 'pg_class'::regclass AND o.refobjid = c.oid
        AND o.refobjsubid = a.attnum AND o.deptype = 'i') END`,
      storage: `CASE WHEN a.attstorage <> t.typstorage THEN ${STORAGE} END`,
      compression:
        major < 14
          ? 'NULL'
          : `CASE a.attcompression::text WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' WHEN '' THEN NULL ELSE a.attcompression::text END`,
      // -1 before 17, NULL since
      statistics: 'nullif(a.attstattarget::int, -1)',
      options: sorted('a.attoptions'),
      server_options: sorted('a.attfdwoptions'),
      inherited: flag('NOT a.attislocal'),
      comment: comment('pg_class', 'c.oid', 'a.attnum'),
    },
    from: `FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_type t ON t.oid = a.atttypid
  LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attnum > 0 AND NOT a.attisdropped AND ${USER_SCHEMA} AND ${notOfExtension('pg_class', 'c.oid')}
  AND (c.relkind IN ('r', 'p', 'f')
    OR c.relkind = 'c' AND ${notOfExtension('pg_type', 'c.reltype')}
    -- a view's follow from its definition, unless something is said of one
    OR c.relkind IN ('v', 'm') AND (d.oid IS NOT NULL OR ${comment('pg_class', 'c.oid', 'a.attnum')} IS NOT NULL
      OR c.relkind = 'm' AND (a.attstorage <> t.typstorage OR nullif(a.attstattarget::int, -1) IS NOT NULL)))`,
  });
}

/** Columns of tables, attributes of composite types, and those columns of views of which something is said. */
export const catalogColumns = catalogQuery('columns', columns);
