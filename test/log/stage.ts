import { chownSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { inject } from 'vitest';
import { connect, type Session } from '../../src/db/client.ts';
import type { Cluster } from '../../src/hosts/cluster/cluster.ts';
import { local } from '../../src/hosts/local.ts';
import { LOG_FORMATS, type LogEntry, type LogFormat } from '../../src/log/entry.ts';
import { type OpenLog, openLog } from '../../src/log/open.ts';
import type { LogSource } from '../../src/log/source.ts';
import { throwawayCluster } from '../support/cluster.ts';

/** What the server of the tests can write: jsonlog is known from 15 on. */
export const FORMATS = LOG_FORMATS.filter((format) => format !== 'jsonlog' || inject('postgres').major >= 15);

/** A server that writes every form of its log; `remove` it. */
export function logging(settings: Record<string, string> = {}): Promise<Cluster> {
  return throwawayCluster({
    logging_collector: 'on',
    log_destination: FORMATS.join(','),
    log_filename: 'postgresql.log',
    log_rotation_age: '0',
    log_rotation_size: '0',
    ...settings,
  });
}

/** Where it writes them. */
export const logDirectory = (cluster: Cluster): string => join(cluster.dataDir, 'log');

/** Makes a file the server's, as those that it makes itself. */
export function giveTo(cluster: Cluster, path: string): void {
  const { uid, gid } = statSync(cluster.dataDir);
  chownSync(path, uid, gid);
}

/** A session on it that no setting of pgdeck's limits. */
export const clientOf = (cluster: Cluster): Promise<Session> => connect(cluster.target(), 'workload', 'test');

/** Has the server write a text to its log. */
export async function say(session: Session, ...texts: readonly string[]): Promise<void> {
  for (const text of texts) await session.sql(`DO $do$ BEGIN RAISE LOG '${text}'; END $do$`);
}

/** The same source with some of its forms only. */
export function only(source: LogSource, format: LogFormat): LogSource {
  return {
    place: source.place,
    piece: source.piece,
    most: source.most,
    formats: async () => [format],
    list: () => source.list(),
    read: (...args) => source.read(...args),
    heads: (...args) => source.heads(...args),
  };
}

/** Opens the log of a server, which has to be readable. */
export async function opened(session: Session, host = local): Promise<OpenLog> {
  const log = await openLog(session, host);
  if ('unknown' in log) throw new Error(log.unknown);
  return log;
}

export async function all(entries: AsyncIterable<LogEntry>): Promise<LogEntry[]> {
  const found: LogEntry[] = [];
  for await (const entry of entries) found.push(entry);
  return found;
}

export const messages = (entries: readonly LogEntry[]): string[] => entries.map(({ message }) => message);
