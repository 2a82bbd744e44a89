import { readdirSync } from 'node:fs';
import type { Query } from '../../../src/db/query.ts';

const FOLDER = new URL('../../../src/db/views/', import.meta.url);

function isQuery(value: unknown): value is Query<never, unknown> {
  return typeof value === 'object' && value !== null && 'variants' in value && 'params' in value;
}

/** Every query that any module of src/db/views exports: a new one cannot be forgotten. */
export async function everyQuery(): Promise<Query<never, unknown>[]> {
  const files = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  );
  const modules = await Promise.all(
    files.map((name) => import(/* @vite-ignore */ new URL(name, FOLDER).href) as Promise<object>),
  );
  return modules.flatMap((module) => Object.values(module).filter(isQuery));
}

const oids = [1259];
const target = { pid: 0, backendStart: 0 };
const name = { pid: 0, usename: null, datname: null, application_name: null };

/** An input that changes nothing for every query that takes one. */
export const SAMPLES: Readonly<Record<string, unknown>> = {
  'activity.list': { queryChars: 200, limit: 100, idle: true },
  'activity.summary': undefined,
  'backend.detail': { pid: 0, backendStart: null },
  'backend.locks': { pid: 0, limit: 20 },
  'database.facts': { database: 'postgres' },
  'database.list': undefined,
  'database.properties': { old: 'postgres', fresh: 'other', comment: true },
  'backup.blockers': undefined,
  'backup.copies': { applicationName: 'pgdeck:none' },
  'backup.database': undefined,
  'backup.databases': undefined,
  'backup.foreign_keys': undefined,
  'backup.large_objects': undefined,
  'backup.needs': undefined,
  'backup.passwords': undefined,
  'backup.prepared': undefined,
  'backup.relations': { exact: true },
  'backup.schemas': undefined,
  'backup.sequences': undefined,
  'backup.system': undefined,
  'catalog.columns': undefined,
  'catalog.constraints': undefined,
  'catalog.functions': undefined,
  'catalog.indexes': undefined,
  'catalog.others': undefined,
  'catalog.publications': undefined,
  'catalog.relations': undefined,
  'catalog.schemas': undefined,
  'catalog.sequences': undefined,
  'catalog.triggers': undefined,
  'catalog.types': undefined,
  'database.sizes': {},
  'database.stats': undefined,
  'indexes.counts': undefined,
  'indexes.duplicate': { limit: 10 },
  'indexes.invalid': undefined,
  'indexes.table_usage': { limit: 10 },
  'indexes.unused': { limit: 10 },
  'indexes.usage': { limit: 10 },
  'locks.tree': { queryChars: 200, limit: 100, waitingBlockers: 3 },
  'maintain.horizon': { limit: 5 },
  'maintain.lock_holders': { oids, mode: 'AccessExclusiveLock' },
  'maintain.measure': { oids },
  'maintain.tables': undefined,
  'progress.analyze': undefined,
  'progress.basebackup': undefined,
  'progress.cluster': undefined,
  'progress.copy': undefined,
  'progress.create_index': undefined,
  'progress.gate': undefined,
  'progress.vacuum': undefined,
  'relations.cache': { limit: 10 },
  'relations.dead': { limit: 10 },
  'relations.exact_sizes': { oids },
  'relations.partitions': { limit: 10 },
  'relations.sizes': { limit: 10 },
  'relations.stats': { oids },
  'replication.receiver': undefined,
  'replication.senders': undefined,
  'replication.slots': undefined,
  'replication.standby': undefined,
  'replication.subscriptions': undefined,
  'restore.contents': undefined,
  'restore.chosen_keys': [],
  'restore.chosen_tables': [{ schema: 'pg_catalog', name: 'pg_class' }],
  'restore.copying': { applicationName: 'pgdeck:none' },
  'restore.directory': { database: 'postgres' },
  'restore.extensions': { extensions: ['plpgsql', 'none'] },
  'restore.flaws': undefined,
  'restore.live': { oid: 1 },
  'restore.roles': { roles: ['postgres', 'no one'] },
  'restore.sequences': undefined,
  'restore.table_names': undefined,
  'restore.tables': undefined,
  'restore.tablespaces': { tablespaces: ['pg_default', 'none'] },
  'signal.cancel': { ...target, queryStart: null },
  'signal.cancel_by_name': name,
  'signal.idle': { ...target, queryStart: null },
  'signal.idle_candidates': { seconds: 0 },
  'signal.still': target,
  'signal.still_by_name': name,
  'signal.targets': { pids: [0] },
  'signal.terminate': target,
  'signal.terminate_by_name': name,
  'statements.counters': { limit: 10 },
  'statements.info': undefined,
  'statements.texts': { ids: ['1'] },
  'swap.door': { oid: 1, pid: 0 },
  'swap.end_run': { applicationName: 'nobody' },
  'swap.lock_holders': { prefix: 'nobody' },
  'swap.prepared': { oid: 1 },
  'swap.sessions': { oid: 1 },
  'swap.slots': { oid: 1 },
  'swap.subscriptions': { oid: 1 },
  'swap.terminate': { oid: 1, pid: 0 },
  'wal.archiver': undefined,
  'wal.checkpoints': undefined,
  'wal.directory': undefined,
  'wal.last_checkpoint': undefined,
  'wal.position': undefined,
  'wal.prepared': undefined,
  'wal.stats': undefined,
};
