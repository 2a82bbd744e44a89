import { catalogQuery, comment, flag, notOfExtension, select, TABLESPACE, USER_SCHEMA } from './object.ts';

const COMMENT = comment('pg_constraint', 'k.oid');

/** Constraints of tables and domains. NOT NULL is the column's, and that of a trigger the trigger's. */
export const catalogConstraints = catalogQuery(
  'constraints',
  [
    select({
      kind: `'constraint'`,
      name: ['n.nspname', 'r.relname', 'k.conname'],
      attributes: {
        definition: 'pg_get_constraintdef(k.oid)',
        inherited: flag('k.coninhcount > 0'),
        invalid_index: flag('NOT i.indisvalid'),
        clustered: flag('i.indisclustered'),
        replica_identity: flag('i.indisreplident'),
        tablespace: TABLESPACE,
        comment: COMMENT,
      },
      from: `FROM pg_constraint k JOIN pg_class r ON r.oid = k.conrelid JOIN pg_namespace n ON n.oid = r.relnamespace
  LEFT JOIN pg_index i ON i.indexrelid = k.conindid AND k.contype IN ('p', 'u', 'x') LEFT JOIN pg_class c ON c.oid = i.indexrelid
WHERE k.contype IN ('c', 'f', 'p', 'u', 'x') AND ${USER_SCHEMA} AND ${notOfExtension('pg_class', 'r.oid')}
  -- a key to a partitioned table has one more for each partition, of the same table
  AND NOT EXISTS (SELECT FROM pg_constraint p WHERE p.oid = k.conparentid AND p.conrelid = k.conrelid)`,
    }),
    select({
      kind: `'domain constraint'`,
      name: ['n.nspname', 't.typname', 'k.conname'],
      attributes: { definition: 'pg_get_constraintdef(k.oid)', comment: COMMENT },
      from: `FROM pg_constraint k JOIN pg_type t ON t.oid = k.contypid JOIN pg_namespace n ON n.oid = t.typnamespace
WHERE k.contype = 'c' AND ${USER_SCHEMA} AND ${notOfExtension('pg_type', 't.oid')}`,
    }),
  ].join('\nUNION ALL\n'),
);
