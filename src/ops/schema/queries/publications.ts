import type { Server } from '../../../db/server.ts';
import { catalogQuery, comment, flag, notOfExtension, select } from './object.ts';

function publications({ major }: Pick<Server, 'major'>): string {
  // rows and columns are chosen from 15 on
  const chosen =
    major < 15
      ? ''
      : ` || coalesce(' (' || (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_attribute a
          WHERE a.attrelid = r.prrelid AND a.attnum = ANY (r.prattrs)) || ')', '')
        || coalesce(' WHERE ' || pg_get_expr(r.prqual, r.prrelid), '')`;
  return select({
    kind: `'publication'`,
    name: ['p.pubname'],
    attributes: {
      all_tables: flag('p.puballtables'),
      publishes: `concat_ws(', ', CASE WHEN p.pubinsert THEN 'insert' END, CASE WHEN p.pubupdate THEN 'update' END,
      CASE WHEN p.pubdelete THEN 'delete' END, CASE WHEN p.pubtruncate THEN 'truncate' END)`,
      via_root: flag('p.pubviaroot'),
      generated_columns: major < 18 ? 'NULL' : `CASE WHEN p.pubgencols <> 'n' THEN 'stored' END`,
      tables: `(SELECT to_jsonb(array_agg(t ORDER BY t COLLATE "C")) FROM (
      SELECT r.prrelid::regclass::text${chosen} AS t FROM pg_publication_rel r WHERE r.prpubid = p.oid) tables)`,
      schemas:
        major < 15
          ? 'NULL'
          : `(SELECT to_jsonb(array_agg(n.nspname::text ORDER BY n.nspname)) FROM pg_publication_namespace s
      JOIN pg_namespace n ON n.oid = s.pnnspid WHERE s.pnpubid = p.oid)`,
      comment: comment('pg_publication', 'p.oid'),
    },
    from: `FROM pg_publication p WHERE ${notOfExtension('pg_publication', 'p.oid')}`,
  });
}

/** Publications with what they publish. */
export const catalogPublications = catalogQuery('publications', publications);
