import { z } from 'zod';
import { poll } from '../poll.ts';
import { column, defineQuery, type RowOf } from '../query.ts';

/** How far each database is from wraparound; the server stops writing for the oldest of them. */
export const databaseAges = defineQuery({
  id: 'wraparound.databases',
  variants: [
    {
      sql: `SELECT /* pgdeck */ datname::text, age(datfrozenxid)::float8 AS xid_age, mxid_age(datminmxid)::float8 AS mxid_age,
  datallowconn AS connectable, current_setting('autovacuum_freeze_max_age')::float8 AS freeze_limit,
  current_setting('autovacuum_multixact_freeze_max_age')::float8 AS multixact_limit
-- one whose DROP DATABASE was cut short holds nothing back
FROM pg_database WHERE datconnlimit <> -2 ORDER BY age(datfrozenxid) DESC`,
    },
  ],
  row: z.object({
    datname: z.string(),
    xid_age: z.number(),
    mxid_age: z.number(),
    connectable: z.boolean(),
    freeze_limit: z.number(),
    multixact_limit: z.number(),
  }),
});
export type DatabaseAge = RowOf<typeof databaseAges>;

/** The tables of this database that hold its age. */
export const oldestTables = defineQuery({
  id: 'wraparound.tables',
  variants: [
    {
      // names after the limit; a TOAST table is vacuumed with its own
      sql: `SELECT /* pgdeck */ n.nspname::text AS schemaname, c.relname::text, c.relpersistence = 't' AS temporary,
  t.xid_age, t.mxid_age
FROM (SELECT oid, relkind, age(relfrozenxid)::float8 AS xid_age, mxid_age(relminmxid)::float8 AS mxid_age FROM pg_class
  WHERE relkind IN ('r','m','t') AND relfrozenxid <> '0' ORDER BY greatest(age(relfrozenxid), mxid_age(relminmxid)) DESC, oid LIMIT 5) t
LEFT JOIN pg_depend d ON t.relkind = 't' AND d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = t.oid AND d.objsubid = 0
  AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.deptype = 'i'
JOIN pg_class c ON c.oid = coalesce(d.refobjid, t.oid) JOIN pg_namespace n ON n.oid = c.relnamespace
ORDER BY greatest(t.xid_age, t.mxid_age) DESC, c.oid`,
    },
  ],
  row: z.object({
    schemaname: z.string(),
    relname: z.string(),
    temporary: column.bool,
    xid_age: z.number(),
    mxid_age: z.number(),
  }),
});

export const databaseAgesPoll = poll('fast', 'slow', databaseAges);

/** Worth asking only where autovacuum should have frozen something by now. */
export const oldestTablesPoll = poll('slow', 'slow', oldestTables, {
  after: [databaseAgesPoll],
  when: ({ rows, server }) =>
    rows(databaseAgesPoll).some(
      (one) =>
        one.datname === server.database &&
        (one.xid_age > one.freeze_limit || one.mxid_age > one.multixact_limit),
    ),
});
