import { catalogQuery, comment, notOfExtension, select, USER_SCHEMA } from './object.ts';

/** Schemas, and the extensions that are installed. */
export const catalogSchemas = catalogQuery(
  'schemas',
  [
    select({
      kind: `'schema'`,
      name: ['n.nspname'],
      attributes: { comment: comment('pg_namespace', 'n.oid') },
      from: `FROM pg_namespace n WHERE ${USER_SCHEMA} AND ${notOfExtension('pg_namespace', 'n.oid')}`,
    }),
    select({
      kind: `'extension'`,
      name: ['x.extname'],
      attributes: { schema: 'n.nspname', version: 'x.extversion' },
      from: 'FROM pg_extension x JOIN pg_namespace n ON n.oid = x.extnamespace',
    }),
  ].join('\nUNION ALL\n'),
);
