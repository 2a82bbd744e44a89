import {
  catalogQuery,
  comment,
  flag,
  notOfExtension,
  select,
  sorted,
  TABLESPACE,
  USER_SCHEMA,
} from './object.ts';

const PARENTS = `(SELECT %s FROM pg_inherits i WHERE i.inhrelid = c.oid)`;
const parents = (expression: string): string => PARENTS.replace('%s', expression);

/** Tables, partitions, foreign tables, views and materialized views; their columns are {@link file://./columns.ts}'s. */
export const catalogRelations = catalogQuery(
  'relations',
  select({
    kind: `CASE c.relkind WHEN 'f' THEN 'foreign table' WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' ELSE 'table' END`,
    name: ['n.nspname', 'c.relname'],
    attributes: {
      unlogged: flag(`c.relpersistence = 'u'`),
      partition_key: 'pg_get_partkeydef(c.oid)',
      partition_of: `CASE WHEN c.relispartition THEN ${parents('min(i.inhparent::regclass::text)')} END`,
      partition_bound: 'pg_get_expr(c.relpartbound, c.oid)',
      // the order decides which column comes first
      inherits: `CASE WHEN NOT c.relispartition THEN ${parents('to_jsonb(array_agg(i.inhparent::regclass::text ORDER BY i.inhseqno))')} END`,
      of_type: `CASE WHEN c.reloftype <> 0 THEN format_type(c.reloftype, NULL) END`,
      row_security: flag('c.relrowsecurity'),
      force_row_security: flag('c.relforcerowsecurity'),
      replica_identity: `CASE WHEN c.relkind IN ('r', 'p') THEN CASE c.relreplident WHEN 'n' THEN 'nothing' WHEN 'f' THEN 'full' END END`,
      access_method: `(SELECT nullif(am.amname::text, 'heap') FROM pg_am am WHERE am.oid = c.relam)`,
      options: sorted('c.reloptions'),
      toast_options: `(SELECT ${sorted('toast.reloptions')} FROM pg_class toast WHERE toast.oid = c.reltoastrelid)`,
      tablespace: TABLESPACE,
      server: `(SELECT s.srvname::text FROM pg_foreign_table f JOIN pg_foreign_server s ON s.oid = f.ftserver WHERE f.ftrelid = c.oid)`,
      server_options: `(SELECT ${sorted('f.ftoptions')} FROM pg_foreign_table f WHERE f.ftrelid = c.oid)`,
      definition: `CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END`,
      comment: comment('pg_class', 'c.oid'),
    },
    from: `FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm') AND ${USER_SCHEMA} AND ${notOfExtension('pg_class', 'c.oid')}`,
  }),
);
