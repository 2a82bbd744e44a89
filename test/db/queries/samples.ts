import { readdirSync } from 'node:fs';
import type { AnyPoll } from '../../../src/db/poll.ts';
import type { Query } from '../../../src/db/query.ts';
import type { Server } from '../../../src/db/server.ts';
import { DEFAULT_WANTS } from '../../../src/monitor/wants.ts';

const SRC = new URL('../../../src/', import.meta.url);
/** Those that several ask, and those of one family of operations. */
const QUERIES = /^(?:db|ops\/\w+)\/queries\/.+\.ts$/;

function isQuery(value: unknown): value is Query<never, unknown> {
  return typeof value === 'object' && value !== null && 'variants' in value && 'params' in value;
}

function isPoll(value: unknown): value is AnyPoll {
  return typeof value === 'object' && value !== null && 'query' in value && 'every' in value;
}

async function everything(): Promise<unknown[]> {
  const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((name) => QUERIES.test(name));
  const modules = await Promise.all(
    files.map((name) => import(/* @vite-ignore */ new URL(name, SRC).href) as Promise<object>),
  );
  return modules.flatMap((module) => Object.values(module).flat());
}

/** Every query that any module in a folder of queries exports: a new one cannot be forgotten. */
export async function everyQuery(): Promise<Query<never, unknown>[]> {
  return (await everything()).filter(isQuery);
}

/** What the console asks a query with before it has read anything; undefined for one that takes nothing. */
export async function sampleOf(server: Server): Promise<(query: Query<never, unknown>) => unknown> {
  const wants = { ...DEFAULT_WANTS, idle: true, shownTables: oids, keptOids: [1] };
  const known = { rows: () => [], wants, server };
  const polled = new Map(
    (await everything()).filter(isPoll).map((one) => [one.query.id, one.call(known)?.input]),
  );
  return ({ id }) => SAMPLES[id] ?? polled.get(id);
}

const oids = [1259];
const target = { pid: 0, backendStart: 0 };
const name = { pid: 0, usename: null, datname: null, application_name: null };

/** An input that changes nothing for every query that takes one, but those whose poll says what it is asked with. */
export const SAMPLES: Readonly<Record<string, unknown>> = {
  'backend.detail': { pid: 0, backendStart: null },
  'backend.locks': { pid: 0, limit: 20 },
  'check.file': { oid: 1259 },
  'cleanup.cutoff': { zone: 'UTC', months: 3, days: 0, minutes: 0 },
  'cleanup.range_partitions': { oid: 1259 },
  'cleanup.relations': { oid: 1259 },
  'cleanup.time_columns': { oid: 1259 },
  'database.facts': { database: 'postgres' },
  'database.properties': { old: 'postgres', fresh: 'other', comment: true },
  'backup.copies': { applicationName: 'pgdeck:none' },
  'backup.relations': { exact: true },
  'import.columns': { oids: [1259] },
  'import.keys': { oids: [1259] },
  'import.names': { schema: 'public' },
  'import.place': { schema: 'public' },
  'import.tables': { schema: 'public' },
  'indexes.columns': { oid: 1259 },
  'indexes.definition': { oid: 2662 },
  'indexes.facts': { oids: [2662], tables: oids },
  'indexes.immutable': { names: ['lower', 'now'] },
  'indexes.names': { schemas: ['public'] },
  'indexes.relations': { names: ['none'] },
  'indexes.search_paths': { oids: [10] },
  'indexes.table': { oid: 1259 },
  'indexes.workload_columns': { oids },
  'maintain.bloat': { limit: 10 },
  'maintain.horizon': { limit: 5 },
  'maintain.lock_holders': { oids, mode: 'AccessExclusiveLock' },
  'maintain.measure': { oids },
  'log.files': 'log',
  'migrate.lock_holder': 'pgdeck:migrate:none',
  'migrate.relation': { schema: undefined, name: 'none', path: ['public'] },
  'migrations.tables': { names: ['schema_migrations'], columns: ['id,hash,created_at'] },
  'reindex.bloat': { limit: 10 },
  'reindex.blockers': { pid: 0 },
  'reindex.leftovers': { oids },
  'reindex.measure': { oids },
  'reindex.tablespace': { name: 'pg_default' },
  'reindex.waits': { oids },
  'relations.exact_sizes': { oids },
  'relations.stats': { oids },
  'restore.chosen_keys': [],
  'restore.chosen_tables': [{ schema: 'pg_catalog', name: 'pg_class' }],
  'restore.copying': { applicationName: 'pgdeck:none' },
  'restore.directories': { database: 'postgres' },
  'restore.extensions': { extensions: ['plpgsql', 'none'] },
  'restore.live': { oid: 1 },
  'restore.locations': { tablespaces: ['pg_default'] },
  'restore.roles': { roles: ['postgres', 'no one'] },
  'restore.tablespaces': { tablespaces: ['pg_default', 'none'] },
  'databases.known': { encoding: 'UTF8', locale: 'C', tablespace: undefined, template: 'template1' },
  'databases.may_give': { role: 'postgres' },
  'role.acts_as': { roles: ['postgres'] },
  'role.database': { oid: 10 },
  'role.defaults': { oid: 10 },
  'role.facts': { role: 'postgres' },
  'role.missing': {
    oid: 10,
    schemas: ['public'],
    rights: ['TABLE SELECT', 'SEQUENCE USAGE', 'ROUTINE EXECUTE'],
  },
  'role.schemas': { oid: 10 },
  'role.stored': { role: 'postgres' },
  'role.time': { time: '2027-01-31' },
  'role.uses': { oid: 10 },
  'rows.columns': { oid: 1259 },
  'rows.deferrable': { oid: 1259 },
  'rows.fate': { xid: '3' },
  'rows.leaves': { oid: 1259, event: 'delete' },
  'rows.new_keys': { oids, keys: [] },
  'rows.operators': {
    ...{ oid: 1259, columns: ['relnamespace'], parent: 2615, referenced: ['oid'] },
    index: 'pg_namespace_oid_index',
  },
  'rows.table_facts': { oid: 1259, event: 'delete' },
  'rows.unique_keys': { oid: 1259 },
  'settings.database': { database: 'postgres' },
  'settings.rights': { name: 'work_mem' },
  'settings.role': { role: 'postgres' },
  'signal.cancel': { ...target, queryStart: null },
  'signal.cancel_by_name': name,
  'signal.end_run': { applicationName: 'pgdeck:none' },
  'signal.idle': { ...target, queryStart: null },
  'signal.idle_candidates': { seconds: 0 },
  'signal.prepared': { gid: null },
  'signal.run_blockers': { applicationName: 'pgdeck:none' },
  'signal.run_sessions': { applicationName: 'pgdeck:none' },
  'signal.still': target,
  'signal.still_by_name': name,
  'signal.targets': { pids: [0] },
  'signal.terminate': target,
  'signal.terminate_by_name': name,
  'signal.transaction': { ...target, xactStart: 0 },
  'statements.meant': { database: 0, queryid: '0' },
  'statements.entries': { queryid: '1' },
  'statements.texts': { ids: ['1'] },
  'swap.door': { oid: 1, pid: 0 },
  'swap.lock_holders': { prefix: 'nobody' },
  'swap.prepared': { oid: 1 },
  'swap.sessions': { oid: 1 },
  'swap.slots': { oid: 1 },
  'swap.subscriptions': { oid: 1 },
  'swap.terminate': { oid: 1, pid: 0 },
};
