import { catalogQuery, comment, flag, notOfExtension, select, USER_SCHEMA } from './object.ts';

const func = (column: string): string => `nullif(${column}::text, '-')`;
const named = (column: string, type: string): string => `nullif(${column}, 0)::${type}::text`;

/** Enums, domains, composite types, ranges and base types; what PostgreSQL makes of a table or an element is not told. */
export const catalogTypes = catalogQuery(
  'types',
  select({
    kind: `CASE t.typtype WHEN 'e' THEN 'enum' WHEN 'd' THEN 'domain' WHEN 'c' THEN 'composite type' WHEN 'r' THEN 'range' ELSE 'type' END`,
    name: ['n.nspname', 't.typname'],
    attributes: {
      labels: `(SELECT to_jsonb(array_agg(l.enumlabel::text ORDER BY l.enumsortorder)) FROM pg_enum l WHERE l.enumtypid = t.oid)`,
      type: `CASE t.typtype WHEN 'd' THEN format_type(t.typbasetype, t.typtypmod) WHEN 'r' THEN format_type(r.rngsubtype, NULL) END`,
      collation: `CASE WHEN t.typtype = 'd' AND t.typcollation <> b.typcollation THEN ${named('t.typcollation', 'regcollation')}
      WHEN t.typtype = 'r' AND r.rngcollation <> s.typcollation THEN ${named('r.rngcollation', 'regcollation')} END`,
      not_null: flag('t.typnotnull'),
      default: 't.typdefault',
      operator_class:
        '(SELECT o.opcname::text FROM pg_opclass o WHERE o.oid = r.rngsubopc AND NOT o.opcdefault)',
      canonical: func('r.rngcanonical'),
      difference: func('r.rngsubdiff'),
      input: `CASE t.typtype WHEN 'b' THEN ${func('t.typinput')} END`,
      output: `CASE t.typtype WHEN 'b' THEN ${func('t.typoutput')} END`,
      shell: flag('NOT t.typisdefined'),
      comment: comment('pg_type', 't.oid'),
    },
    from: `FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
  LEFT JOIN pg_range r ON r.rngtypid = t.oid LEFT JOIN pg_type s ON s.oid = r.rngsubtype LEFT JOIN pg_type b ON b.oid = t.typbasetype
WHERE ${USER_SCHEMA} AND ${notOfExtension('pg_type', 't.oid')}
  AND (t.typtype IN ('e', 'd', 'r', 'p') OR t.typtype = 'c' AND (SELECT c.relkind FROM pg_class c WHERE c.oid = t.typrelid) = 'c'
    OR t.typtype = 'b' AND NOT EXISTS (SELECT FROM pg_type e WHERE e.typarray = t.oid))`,
  }),
);
