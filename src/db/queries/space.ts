import { z } from 'zod';
import { poll } from '../poll.ts';
import { column, defineQuery, type RowOf } from '../query.ts';
import { CURRENT_LSN, microseconds, SERVER_MS, since } from './fragments.ts';

/** The size of each database: its files are counted, so it is asked seldom. */
export const spaceDatabases = defineQuery({
  id: 'space.databases',
  variants: [
    {
      sql: `SELECT /* pgdeck */ d.oid::int8::text AS oid, d.datname::text, ${SERVER_MS},
  -- raises an error for a database that the role may not connect to
  CASE WHEN has_database_privilege(d.oid, 'CONNECT') OR pg_has_role(current_user, 'pg_read_all_stats', 'USAGE')
    THEN pg_database_size(d.oid) END::float8 AS total_bytes
FROM pg_database d ORDER BY d.datname`,
    },
  ],
  row: z.object({
    oid: z.string().transform(Number),
    datname: z.string(),
    server_ms: z.number(),
    /** Null: this role may not know. */
    total_bytes: column.float,
  }),
});

/** What keeps WAL besides slots, by settings and by the last checkpoint. One row. */
export const spaceWal = defineQuery({
  id: 'space.wal',
  variants: [
    {
      sql: `WITH /* pgdeck */ s AS (SELECT name, setting::float8 * 1048576 AS bytes FROM pg_settings
  WHERE name IN ('wal_keep_size', 'max_wal_size', 'max_slot_wal_keep_size'))
SELECT /* pgdeck */ (SELECT bytes FROM s WHERE name = 'wal_keep_size') AS keep_bytes,
  (SELECT bytes FROM s WHERE name = 'max_wal_size') AS max_bytes,
  (SELECT nullif(bytes, -1048576) FROM s WHERE name = 'max_slot_wal_keep_size') AS slot_limit_bytes,
  (SELECT setting::float8 FROM pg_settings WHERE name = 'wal_segment_size') AS segment_bytes,
  (SELECT (c.lsn - k.redo_lsn)::float8 FROM pg_control_checkpoint() k, ${CURRENT_LSN} c(lsn)) AS checkpoint_bytes`,
    },
  ],
  row: z.object({
    keep_bytes: z.number(),
    max_bytes: z.number(),
    /** WAL that a slot may keep; null: without end. */
    slot_limit_bytes: column.float,
    segment_bytes: z.number(),
    /** Written since the redo position of the last checkpoint: recovery after a crash begins there. */
    checkpoint_bytes: column.float,
  }),
});

/** Segments that are full and not in the archive yet. One row; reads a directory. */
export const spaceArchive = defineQuery({
  id: 'space.archive',
  needs: 'pg_monitor',
  variants: [
    {
      sql: `SELECT /* pgdeck */ (count(*) FILTER (WHERE name ~ '^[0-9A-F]{24}\\.ready$'))::int AS ready,
  (min(name) FILTER (WHERE name ~ '^[0-9A-F]{24}\\.ready$'))::text AS oldest,
  ${since("min(modification) FILTER (WHERE name ~ '\\.ready$')")} AS oldest_seconds
FROM pg_ls_archive_statusdir()`,
    },
  ],
  row: z.object({ ready: z.int(), oldest: column.text, oldest_seconds: column.float }),
});

/**
 * Temporary files by the session that made them. One whose session is gone, or began after its files, has left them: a
 * crash does. Those that parallel workers share are in directories of their own, which the server does not list.
 */
export const spaceTemporary = defineQuery({
  id: 'space.temporary',
  needs: 'pg_monitor',
  variants: [
    {
      sql: `WITH /* pgdeck */ f AS MATERIALIZED (
  SELECT t.spcname, substring(f.name FROM '^pgsql_tmp(\\d{1,9})\\.')::int AS pid, f.size, f.modification
  FROM pg_tablespace t CROSS JOIN LATERAL pg_ls_tmpdir(t.oid) f WHERE t.spcname <> 'pg_global'),
g AS (
  SELECT spcname, pid, count(*)::int AS files, sum(size)::float8 AS bytes, min(modification) AS first FROM f GROUP BY 1, 2)
SELECT /* pgdeck */ g.spcname::text AS tablespace, g.pid, g.files, g.bytes, ${since('g.first')} AS seconds,
  a.pid IS NOT NULL AS alive, ${microseconds('a.backend_start')} AS backend_start_us, a.usename::text, a.application_name,
  a.datname::text, a.state, left(a.query, 200) AS query
FROM g LEFT JOIN pg_stat_activity a ON a.pid = g.pid AND a.backend_start <= g.first + interval '1 second'
ORDER BY g.bytes DESC`,
    },
  ],
  row: z.object({
    tablespace: z.string(),
    /** Null: the name does not say whose it is. */
    pid: column.int,
    files: z.int(),
    bytes: z.number(),
    /** Since the oldest of them was written to. */
    seconds: column.float,
    /** Its session is there. */
    alive: z.boolean(),
    backend_start_us: column.float,
    usename: column.text,
    application_name: column.text,
    datname: column.text,
    state: column.text,
    query: column.text,
  }),
});
export type SpaceTemporary = RowOf<typeof spaceTemporary>;

/** The server's log files. One row; without the collector they are somebody else's, and there are none. */
export const spaceLog = defineQuery({
  id: 'space.log',
  needs: 'pg_monitor',
  variants: [
    {
      // without the collector the directory may not be there: then it is not read
      sql: `SELECT /* pgdeck */ count(*)::int AS files, coalesce(sum(size), 0)::float8 AS bytes, ${since('min(modification)')} AS oldest_seconds
FROM pg_ls_logdir() WHERE current_setting('logging_collector') = 'on'`,
    },
  ],
  row: z.object({ files: z.int(), bytes: z.number(), oldest_seconds: column.float }),
});

const RELATION_FILE = '^(t[0-9]+_)?([0-9]+)(_(fsm|vm|init))?([.][0-9]+)?$';

/**
 * Files of this database, in its own tablespace, that no relation has and that nobody has written to for a day: what was
 * created in a transaction that is not over looks the same. One row; reads a directory.
 */
export const spaceOrphans = defineQuery({
  id: 'space.orphans',
  variants: [
    {
      sql: `WITH /* pgdeck */ f AS MATERIALIZED (
  SELECT d.path || '/' || f.name AS path, f.name, substring(f.name FROM '^(?:t[0-9]+_)?([0-9]+)')::int8 AS filenode
  FROM (SELECT regexp_replace(pg_relation_filepath('pg_class'), '/[^/]*$', '')) d(path) CROSS JOIN LATERAL pg_ls_dir(d.path) f(name)
  WHERE f.name ~ '${RELATION_FILE}'),
o AS MATERIALIZED (
  SELECT f.name, s.size, s.modification FROM f CROSS JOIN LATERAL pg_stat_file(f.path, true) s
  WHERE f.filenode NOT IN (SELECT relfilenode FROM pg_class UNION ALL SELECT pg_relation_filenode(oid) FROM pg_class WHERE relfilenode = 0 AND relkind IN ('r', 'i', 't', 'm', 'S')
    AND pg_relation_filenode(oid) IS NOT NULL)
    AND s.modification < clock_timestamp() - interval '1 day')
SELECT /* pgdeck */ count(*)::int AS files, coalesce(sum(size), 0)::float8 AS bytes, ${since('min(modification)')} AS oldest_seconds,
  coalesce((array_agg(name ORDER BY size DESC))[1:5], '{}') AS names FROM o`,
    },
  ],
  unavailable: (server) =>
    server.rights.superuser ? undefined : { reason: 'Only a superuser lists the files of a database.' },
  row: z.object({
    files: z.int(),
    bytes: z.number(),
    oldest_seconds: column.float,
    /** The largest. */
    names: z.array(z.string()),
  }),
});

export const spaceDatabasesPoll = poll('slow', 'rare', spaceDatabases);
export const spaceWalPoll = poll('slow', 'slow', spaceWal);
export const spaceArchivePoll = poll('slow', 'slow', spaceArchive);
export const spaceTemporaryPoll = poll('slow', 'slow', spaceTemporary);
export const spaceLogPoll = poll('slow', 'rare', spaceLog);
export const spaceOrphansPoll = poll('slow', 'rare', spaceOrphans, { patient: true });
