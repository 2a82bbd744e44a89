import { z } from 'zod';
import { column, defineQuery, type RowOf } from '../../query.ts';
import { since } from '../fragments.ts';

/** Settings of autovacuum that a table may have its own value of: the column's name, and the setting's. */
const OWN = [
  ['vt', 'autovacuum_vacuum_threshold'],
  ['vs', 'autovacuum_vacuum_scale_factor'],
  ['it', 'autovacuum_vacuum_insert_threshold'],
  ['isf', 'autovacuum_vacuum_insert_scale_factor'],
  ['at', 'autovacuum_analyze_threshold'],
  ['asf', 'autovacuum_analyze_scale_factor'],
  ['fma', 'autovacuum_freeze_max_age'],
  ['mma', 'autovacuum_multixact_freeze_max_age'],
] as const;

/** From 18 on the threshold of dead rows has an upper limit. */
const LIMIT = ['vm', 'autovacuum_vacuum_max_threshold'] as const;

/** A table's own age only ever makes autovacuum come earlier. */
const LEAST: ReadonlySet<string> = new Set(['fma', 'mma']);

/** The versions that differ. */
export type Major = 13 | 17 | 18;

/**
 * The common table expressions up to `m`: tables (pg_class `c`, of pg_namespace `n`) with what autovacuum would decide
 * about each.
 */
export function judgedByAutovacuum(major: Major, which: string): string {
  const settings = major >= 18 ? [...OWN, LIMIT] : OWN;
  const may =
    major >= 17 ? "has_table_privilege(c.oid, 'MAINTAIN')" : "pg_has_role(current_user, c.relowner, 'USAGE')";
  const wanted = 'vt + vs * rows';
  return `g AS MATERIALIZED (
  SELECT ${settings.map(([id, name]) => `current_setting('${name}')::float8 AS ${id}`).join(', ')}),
r AS (
  SELECT c.oid, n.nspname::text AS schema, c.relname::text AS name, c.relkind::text AS kind, i.inhparent AS partition_of,
    c.relhassubclass AS has_children, c.reltuples < 0 AS never_counted, n.nspname IN ('pg_catalog', 'information_schema') AS system,
    (pg_has_role(current_user, d.datdba, 'USAGE') AND NOT c.relisshared) OR ${may} AS may,
    CASE WHEN c.relpages > 0 OR pg_stat_get_live_tuples(c.oid) = 0 THEN
      (c.relpages + coalesce(t.relpages, 0)) * current_setting('block_size')::float8 END AS est_bytes,
    greatest(c.reltuples, 0)::float8 AS rows,
    -- a partitioned table has no rows, and an age that means nothing
    CASE WHEN c.relkind = 'p' THEN 0 ELSE age(c.relfrozenxid) END::float8 AS xid_age,
    CASE WHEN c.relkind = 'p' THEN 0 ELSE mxid_age(c.relminmxid) END::float8 AS mxid_age,
    ${
      major >= 18
        ? 'CASE WHEN c.relpages > 0 AND c.relallfrozen > 0 THEN 1 - least(c.relallfrozen, c.relpages)::float8 / c.relpages ELSE 1 END'
        : '1'
    } AS unfrozen,
    coalesce(o.enabled, true) AS enabled,
    -- without an option of its own a TOAST table follows its table
    CASE WHEN t.reloptions IS NULL THEN true ELSE coalesce((SELECT bool_and(option_value::bool)
      FROM pg_options_to_table(t.reloptions) WHERE option_name = 'autovacuum_enabled'), true) END AS toast_enabled,
    ${settings.map(([id]) => `${LEAST.has(id) ? `least(o.${id}, g.${id})` : `coalesce(o.${id}, g.${id})`} AS ${id}`).join(', ')}
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace CROSS JOIN g
  JOIN pg_database d ON d.datname = current_database()
  LEFT JOIN pg_inherits i ON c.relispartition AND i.inhrelid = c.oid
  LEFT JOIN pg_class t ON t.oid = c.reltoastrelid AND t.relkind = 't'
  LEFT JOIN LATERAL (
    SELECT bool_and(option_value::bool) FILTER (WHERE option_name = 'autovacuum_enabled') AS enabled,
      ${settings.map(([id, name]) => `max(option_value::float8) FILTER (WHERE option_name = '${name}') AS ${id}`).join(',\n      ')}
    FROM pg_options_to_table(c.reloptions)) o ON c.reloptions IS NOT NULL
  WHERE ${which}),
-- the arithmetic of relation_needs_vacanalyze() in the server's autovacuum.c
m AS (
  SELECT r.*, pg_stat_get_dead_tuples(oid)::float8 AS dead, pg_stat_get_ins_since_vacuum(oid)::float8 AS ins,
    pg_stat_get_mod_since_analyze(oid)::float8 AS mods,
    ${major >= 18 ? `CASE WHEN vm >= 0 THEN least(${wanted}, vm) ELSE ${wanted} END` : wanted} AS vacuum_at,
    CASE WHEN it >= 0 THEN it + isf * rows * unfrozen END AS insert_at, at + asf * rows AS analyze_at
  FROM r)`;
}

/** What VACUUM and ANALYZE can be given. */
export const MAINTAINED = "c.relkind IN ('r', 'm', 'p') AND n.nspname !~ '^pg_(toast|temp)'";

/** The columns of {@link maintainColumns}, read from `m`. */
export const MAINTAIN_COLUMNS = `oid, schema, name, kind, partition_of, has_children, system, may, est_bytes, rows, enabled,
  dead, vacuum_at, ins, insert_at, mods, analyze_at, xid_age, fma AS freeze_max_age,
  xid_age > fma OR mxid_age > mma AS wraparound_due,
  coalesce(dead > vacuum_at OR ins > insert_at, false) OR xid_age > fma OR mxid_age > mma AS vacuum_due,
  -- statistics on the statistics are never made
  coalesce(mods > analyze_at, false) AND oid <> 'pg_statistic'::regclass AS analyze_due,
  greatest(dead / greatest(vacuum_at, 1), CASE WHEN insert_at IS NOT NULL THEN ins / greatest(insert_at, 1) END) AS vacuum_pressure,
  mods / greatest(analyze_at, 1) AS analyze_pressure,
  ${since('greatest(pg_stat_get_last_vacuum_time(oid), pg_stat_get_last_autovacuum_time(oid))')} AS vacuum_age_seconds,
  ${since('greatest(pg_stat_get_last_analyze_time(oid), pg_stat_get_last_autoanalyze_time(oid))')} AS analyze_age_seconds`;

const tables = (major: Major) =>
  `WITH /* pgdeck */ ${judgedByAutovacuum(major, MAINTAINED)}
SELECT /* pgdeck */ ${MAINTAIN_COLUMNS} FROM m ORDER BY schema COLLATE "C", name COLLATE "C"`;

export const maintainColumns = {
  oid: z.int(),
  schema: z.string(),
  name: z.string(),
  /** `p`: a partitioned table, whose rows are in its partitions. */
  kind: z.enum(['r', 'm', 'p']),
  partition_of: column.int,
  /** It has, or had, partitions or tables that inherit from it. */
  has_children: z.boolean(),
  /** Of pg_catalog or information_schema. */
  system: z.boolean(),
  /** Owner of the table or the database; from 17 on, MAINTAIN. Without it VACUUM succeeds and does nothing. */
  may: z.boolean(),
  /** Heap and TOAST as of the last VACUUM or ANALYZE; null where there was none yet. */
  est_bytes: column.float,
  rows: z.number(),
  /** Autovacuum is not switched off for it. */
  enabled: z.boolean(),
  dead: z.number(),
  /** Dead rows above which autovacuum vacuums. */
  vacuum_at: z.number(),
  ins: z.number(),
  /** Inserted rows above which it does; null: never because of those. */
  insert_at: column.float,
  mods: z.number(),
  analyze_at: z.number(),
  xid_age: z.number(),
  /** Age from which autovacuum comes whatever is switched off. */
  freeze_max_age: z.number(),
  wraparound_due: z.boolean(),
  vacuum_due: z.boolean(),
  analyze_due: z.boolean(),
  /** Dead or inserted rows as a share of their threshold: above 1 it is due. */
  vacuum_pressure: z.number(),
  analyze_pressure: z.number(),
  /** Since it was last vacuumed, by whomever; null: never. */
  vacuum_age_seconds: column.float,
  analyze_age_seconds: column.float,
} as const;

/**
 * Every table of the database that VACUUM or ANALYZE could be given, with what autovacuum would decide about it now
 * (formula: `relation_needs_vacanalyze()`; TOAST tables, which it looks at by themselves, are not in it) and whether
 * this role may maintain it.
 */
export const maintainTables = defineQuery({
  id: 'maintain.tables',
  variants: [
    { max: 16, sql: tables(13) },
    { min: 17, max: 17, sql: tables(17) },
    { min: 18, sql: tables(18) },
  ],
  row: z.object(maintainColumns),
});
export type MaintainTable = RowOf<typeof maintainTables>;
