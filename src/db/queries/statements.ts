import { z } from 'zod';
import { quoteIdent } from '../ident.ts';
import { collected, type Known, type Poll, poll } from '../poll.ts';
import { column, type Denial, defineQuery, type RowOf } from '../query.ts';
import { extension, grant, type Server } from '../server.ts';
import { microseconds, seesEverySession } from './fragments.ts';

const NAME = 'pg_stat_statements';
/** Longer texts are cut: a list of them is kept. */
export const STATEMENT_CHARS = 4000;

/** Each database needs its own view of what the library counts for all; a standby has what its primary has. */
function missing({ database, standby, settings }: Server): Denial {
  const libraries = settings.shared_preload_libraries?.split(',').map((one) => one.trim());
  const create = standby
    ? `On the primary, in the database ${quoteIdent(database)}: CREATE EXTENSION ${NAME}`
    : `CREATE EXTENSION ${NAME}`;
  if (libraries?.includes(NAME))
    return {
      reason: `${NAME} is loaded, and the database ${database} lacks the extension: made in another database it shows nothing here.`,
      remedy: create,
    };
  const reason = `${NAME} is not installed in the database ${database}; it also has to be in shared_preload_libraries`;
  // who may not read the setting is not told that it is absent
  if (libraries === undefined) return { reason: `${reason}.`, remedy: create };
  return {
    reason: `${reason}, and is not.`,
    remedy: `Add ${NAME} to shared_preload_libraries${standby ? ' here and on the primary' : ''} and restart. ${standby ? create : `Then, in the database ${quoteIdent(database)}: ${create}`}`,
  };
}

function unavailable(server: Server): Denial | undefined {
  const installed = server.extensions.find((e) => e.name === NAME);
  if (installed === undefined) return missing(server);
  if (!installed.usable)
    return {
      reason: `${NAME} is in the schema ${installed.schema}, which this role may not use.`,
      remedy: `GRANT USAGE ON SCHEMA ${quoteIdent(installed.schema)} TO ${quoteIdent(server.user)}`,
    };
  return undefined;
}

function hiddenStatements(server: Server): Denial | undefined {
  if (seesEverySession(server)) return undefined;
  return {
    reason: 'Other roles’ statements are hidden.',
    remedy: grant('pg_read_all_stats', server),
  };
}

/** The extension's own view decides which columns there are: after pg_upgrade an old one can live on a new server. */
function has(server: Server, name: string): boolean {
  return extension(server, NAME)?.columns.includes(name) ?? false;
}

function relation(server: Server, name: string): string {
  return `${quoteIdent(extension(server, NAME)?.schema ?? 'public')}.${name}`;
}

function counters(server: Server): string {
  // the columns got their `exec` in 1.8, their `shared` in 1.11
  const exec = has(server, 'total_exec_time') ? 'exec_time' : 'time';
  const blk = has(server, 'shared_blk_read_time') ? 'shared_blk' : 'blk';
  const or = (name: string, expression: string, type: string) =>
    has(server, name) ? expression : `NULL::${type}`;
  // without its text (`false`) the file of texts, which can be many megabytes, is not read
  return `SELECT /* pgdeck */ userid, dbid, queryid::text, ${has(server, 'toplevel') ? 'toplevel' : 'true AS toplevel'}, calls::float8,
  total_${exec} AS total_exec_ms, ${or('total_plan_time', 'total_plan_time', 'float8')} AS total_plan_ms, rows::float8,
  shared_blks_hit::float8, shared_blks_read::float8, shared_blks_dirtied::float8, temp_blks_written::float8,
  ${blk}_read_time AS read_ms, ${blk}_write_time AS write_ms, ${or('wal_bytes', 'wal_bytes::float8', 'float8')} AS wal_bytes,
  min_${exec} AS min_exec_ms, max_${exec} AS max_exec_ms, mean_${exec} AS mean_exec_ms, stddev_${exec} AS stddev_exec_ms,
  ${or('stats_since', microseconds('stats_since'), 'float8')} AS stats_since_us, count(*) OVER ()::int AS entries
FROM ${relation(server, NAME)}(false) ORDER BY total_${exec} DESC LIMIT $1::int`;
}

/** Counters per statement, those with the most execution time first; differences between samples give the present. */
export const statementCounters = defineQuery({
  id: 'statements.counters',
  needs: 'pg_read_all_stats',
  variants: [{ sql: counters }],
  unavailable,
  partial: hiddenStatements,
  row: z.object({
    userid: z.int(),
    dbid: z.int(),
    /** With userid, dbid and toplevel the identity of an entry; null where hidden. */
    queryid: column.text,
    /** False: ran inside a function. Always true before 14, which does not tell. */
    toplevel: z.boolean(),
    calls: z.number(),
    total_exec_ms: z.number(),
    /** 0 while pg_stat_statements.track_planning is off. */
    total_plan_ms: column.float,
    rows: z.number(),
    shared_blks_hit: z.number(),
    shared_blks_read: z.number(),
    shared_blks_dirtied: z.number(),
    temp_blks_written: z.number(),
    /** 0 while track_io_timing is off. */
    read_ms: z.number(),
    write_ms: z.number(),
    wal_bytes: column.float,
    min_exec_ms: z.number(),
    max_exec_ms: z.number(),
    mean_exec_ms: z.number(),
    stddev_exec_ms: z.number(),
    /** 17 and later: when counting of this entry began. Before, calls that fall tell of a reset. */
    stats_since_us: column.float,
    /** How many there are, listed or not. */
    entries: z.int(),
  }),
  params: ({ limit }: { limit: number }) => [limit],
});

/**
 * The texts of statements. PostgreSQL reads the file of all texts for it and writes them to a temporary file where they
 * exceed work_mem: to be asked rarely, for many at once, and kept. One row for every id: one without a text is not to be
 * asked for again.
 */
export const statementTexts = defineQuery({
  id: 'statements.texts',
  needs: 'pg_read_all_stats',
  variants: [
    {
      sql: (server) =>
        `SELECT /* pgdeck */ i.id::text AS queryid, left(max(s.query), ${STATEMENT_CHARS}) AS query
FROM unnest($1::int8[]) i (id) LEFT JOIN ${relation(server, NAME)} s ON s.queryid = i.id GROUP BY i.id`,
    },
  ],
  unavailable,
  partial: hiddenStatements,
  row: z.object({ queryid: z.string(), query: column.text }),
  params: ({ ids }: { ids: readonly string[] }) => [ids],
});

/**
 * The entries of one statement, those of this database first, then by their calls: its whole text, who ran it where, and
 * the search_path that role and database are set to, the nearest one; null where that is the server's.
 */
export const statementEntries = defineQuery({
  id: 'statements.entries',
  needs: 'pg_read_all_stats',
  variants: [
    {
      sql: (server) =>
        `SELECT /* pgdeck */ s.userid, r.rolname::text AS role, s.dbid, d.datname::text AS database, s.query,
  (SELECT substr(o.one, 13) FROM pg_db_role_setting c, unnest(c.setconfig) o (one)
   WHERE o.one LIKE 'search\\_path=%' AND c.setdatabase IN (0, s.dbid) AND c.setrole IN (0, s.userid)
   ORDER BY c.setrole <> 0 DESC, c.setdatabase <> 0 DESC LIMIT 1) AS search_path
FROM ${relation(server, NAME)} s LEFT JOIN pg_roles r ON r.oid = s.userid LEFT JOIN pg_database d ON d.oid = s.dbid
WHERE s.queryid = $1::int8 ORDER BY d.datname IS NOT DISTINCT FROM current_database() DESC, s.calls DESC`,
    },
  ],
  unavailable,
  partial: hiddenStatements,
  row: z.object({
    userid: z.int(),
    role: column.text,
    dbid: z.int(),
    database: column.text,
    query: column.text,
    search_path: column.text,
  }),
  params: ({ queryid }: { queryid: string }) => [queryid],
});

/** What of the counters is meant: 0 and '0' stand for every role, database and statement, as the server has it. */
export interface CountersOf {
  readonly database: number;
  readonly queryid: string;
}

const MEANT = '($1::oid = 0 OR s.dbid = $1::oid) AND ($2::int8 = 0 OR s.queryid = $2::int8)';

/** The entries that a reset is about: how many, and those with the most time. */
export const statementsMeant = defineQuery({
  id: 'statements.meant',
  needs: 'pg_read_all_stats',
  variants: [
    {
      sql: (server) => `SELECT /* pgdeck */ s.queryid::text, left(s.query, 200) AS query, s.calls::float8,
  s.total_${has(server, 'total_exec_time') ? 'exec_time' : 'time'} AS total_ms, s.rows::float8, count(*) OVER ()::int AS entries
FROM ${relation(server, NAME)} s WHERE ${MEANT} ORDER BY 4 DESC LIMIT 200`,
    },
  ],
  unavailable,
  partial: hiddenStatements,
  row: z.object({
    queryid: column.text,
    query: column.text,
    calls: z.number(),
    total_ms: z.number(),
    rows: z.number(),
    entries: z.int(),
  }),
  params: ({ database, queryid }: CountersOf) => [database, queryid],
});

/** The functions that reset counters, and whether this role may call them: one without arguments before 1.7. */
export const statementsResetters = defineQuery({
  id: 'statements.resetters',
  variants: [
    {
      sql: `SELECT /* pgdeck */ p.pronargs::int AS arguments, p.oid::regprocedure::text AS signature,
  has_function_privilege(p.oid, 'EXECUTE') AS may
FROM pg_proc p JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
  JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
WHERE e.extname = 'pg_stat_statements' AND p.proname = 'pg_stat_statements_reset'`,
    },
  ],
  unavailable,
  row: z.object({ arguments: z.int(), signature: z.string(), may: z.boolean() }),
});

/** Whether a statement is one of pgdeck's: this stands in every query of ours. */
export function isOwnStatement(query: string | null): boolean {
  return query?.includes('/* pgdeck */') ?? false;
}

/** How many entries were pushed out: while that number rises, the list is incomplete. */
export const statementsInfo = defineQuery({
  id: 'statements.info',
  variants: [
    {
      sql: (server) =>
        `SELECT /* pgdeck */ dealloc::float8, stats_reset::text FROM ${relation(server, `${NAME}_info`)}`,
    },
  ],
  // pg_stat_statements_info came with the column toplevel, in 1.9
  unavailable: (server) =>
    unavailable(server) ??
    (has(server, 'toplevel')
      ? undefined
      : { reason: `${NAME} counts evicted statements from version 1.9 on (PostgreSQL 14).` }),
  row: z.object({ dealloc: z.number(), stats_reset: column.time }),
});

export const statementsPoll = poll('fast', 'statements', statementCounters, {
  input: ({ wants }) => ({ limit: wants.statementLimit }),
});
export const statementsInfoPoll = poll('fast', 'statements', statementsInfo);

/** The view with texts reads the whole text file: only texts not seen before are asked for, and those rarely. */
export const statementTextsPoll: Poll<RowOf<typeof statementTexts>> = poll('slow', 'texts', statementTexts, {
  input: (known) => ({ ids: unseenStatements(known) }),
  after: [statementsPoll],
  when: (known) => unseenStatements(known).length > 0,
  merge: (before, after, rows) => {
    const listed = new Set<unknown>(rows(statementsPoll).map((row) => row.queryid));
    // an entry that is gone may come back with its text
    const worth = before.filter((row) => row.query !== null || listed.has(row.queryid));
    return collected(worth, after, (row) => row.queryid, listed);
  },
  patient: true,
});

function unseenStatements({ rows }: Known): string[] {
  const seen = new Set(rows(statementTextsPoll).map((t) => t.queryid));
  return [
    ...new Set(rows(statementsPoll).flatMap((s) => (s.queryid && !seen.has(s.queryid) ? [s.queryid] : []))),
  ];
}
