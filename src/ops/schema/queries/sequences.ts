import { catalogQuery, comment, flag, notInternal, notOfExtension, select, USER_SCHEMA } from './object.ts';

/** Sequences; an identity column's is told with the column. Numbers are text: they go beyond 2^53. */
export const catalogSequences = catalogQuery(
  'sequences',
  select({
    kind: `'sequence'`,
    name: ['n.nspname', 'c.relname'],
    attributes: {
      type: 'format_type(s.seqtypid, NULL)',
      start: 's.seqstart::text',
      increment: 's.seqincrement::text',
      minimum: 's.seqmin::text',
      maximum: 's.seqmax::text',
      cache: 's.seqcache::text',
      cycle: flag('s.seqcycle'),
      unlogged: flag(`c.relpersistence = 'u'`),
      owned_by: `(SELECT format('%s.%I', o.refobjid::regclass, a.attname) FROM pg_depend o
      JOIN pg_attribute a ON a.attrelid = o.refobjid AND a.attnum = o.refobjsubid
      WHERE o.classid = 'pg_class'::regclass AND o.objid = c.oid AND o.refclassid = 'pg_class'::regclass AND o.deptype = 'a')`,
      comment: comment('pg_class', 'c.oid'),
    },
    from: `FROM pg_class c JOIN pg_sequence s ON s.seqrelid = c.oid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE ${USER_SCHEMA} AND ${notOfExtension('pg_class', 'c.oid')}
  AND ${notInternal('pg_class', 'c.oid')}`,
  }),
);
