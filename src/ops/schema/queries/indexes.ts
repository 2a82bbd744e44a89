import { catalogQuery, comment, flag, notOfExtension, select, TABLESPACE, USER_SCHEMA } from './object.ts';

/** Indexes that are no constraint's. */
export const catalogIndexes = catalogQuery(
  'indexes',
  select({
    kind: `'index'`,
    name: ['n.nspname', 'r.relname', 'c.relname'],
    attributes: {
      definition: 'pg_get_indexdef(c.oid)',
      invalid: flag('NOT i.indisvalid'),
      partition_of: '(SELECT p.inhparent::regclass::text FROM pg_inherits p WHERE p.inhrelid = c.oid)',
      clustered: flag('i.indisclustered'),
      replica_identity: flag('i.indisreplident'),
      tablespace: TABLESPACE,
      comment: comment('pg_class', 'c.oid'),
    },
    from: `FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class r ON r.oid = i.indrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE ${USER_SCHEMA} AND ${notOfExtension('pg_class', 'r.oid')}
  AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))`,
  }),
);
