import { z } from 'zod';
import { poll } from '../../poll.ts';
import { column, defineQuery, type RowOf } from '../../query.ts';

/**
 * Databases whose comment says that pgdeck has made them or put them aside, and those of `oids`, with their size and
 * what uses them. Few: only their files are counted.
 */
export const keptDatabases = defineQuery({
  id: 'database.kept',
  needs: 'pg_read_all_stats',
  variants: [
    {
      sql: `SELECT /* pgdeck */ d.oid::int8::text AS oid, d.datname::text AS name, shobj_description(d.oid, 'pg_database') AS comment,
  pg_get_userbyid(d.datdba)::text AS owner, d.datistemplate AS is_template,
  -- raises an error for a database that the role may not connect to
  CASE WHEN has_database_privilege(d.oid, 'CONNECT') OR pg_has_role(current_user, 'pg_read_all_stats', 'USAGE')
    THEN pg_database_size(d.oid) END::float8 AS total_bytes,
  (SELECT count(*)::int FROM pg_stat_activity a WHERE a.datid = d.oid AND a.usesysid IS NOT NULL) AS sessions,
  (SELECT count(*)::int FROM pg_replication_slots s WHERE s.datoid = d.oid) AS slots,
  (SELECT count(*)::int FROM pg_replication_slots s WHERE s.datoid = d.oid AND s.active) AS active_slots,
  (SELECT count(*)::int FROM pg_subscription u WHERE u.subdbid = d.oid) AS subscriptions,
  (SELECT count(*)::int FROM pg_prepared_xact() p WHERE p.dbid = d.oid) AS prepared
FROM pg_database d
WHERE shobj_description(d.oid, 'pg_database') LIKE '{"pgdeck"%' OR d.oid = ANY ($1::int8[]::oid[])
ORDER BY d.datname`,
    },
  ],
  row: z.object({
    oid: z.string().transform(Number),
    name: z.string(),
    comment: column.text,
    owner: z.string(),
    is_template: z.boolean(),
    /** null: this role may not know. */
    total_bytes: column.float,
    sessions: z.int(),
    /** Logical replication slots. */
    slots: z.int(),
    active_slots: z.int(),
    subscriptions: z.int(),
    /** Prepared transactions. */
    prepared: z.int(),
  }),
  params: ({ oids }: { readonly oids: readonly number[] }) => [[...oids]],
});
export type KeptRow = RowOf<typeof keptDatabases>;

export const keptPoll = poll('slow', 'slow', keptDatabases, {
  input: ({ wants }) => ({ oids: wants.keptOids }),
});
