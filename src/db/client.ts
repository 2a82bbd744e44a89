import type { ConnectionOptions } from 'node:tls';
import pg from 'pg';
import { z } from 'zod';
import { DbError, dbError } from './errors.ts';
import { type Query, sqlFor } from './query.ts';
import { extensionsQuery, roleQuery, type Server, settingsQuery, vendorQuery } from './server.ts';
import { type Answer, type Call, call, type Notice, type Purpose, type Session } from './session.ts';
import { sessionSettings } from './session-settings.ts';
import type { Target } from './target.ts';
import { tlsAttempts } from './tls-attempts.ts';

export { type Answer, type Call, call, type Purpose, type Session } from './session.ts';

// node-pg turns times into JavaScript Dates, which drop the microseconds that identify a backend.
const AS_TEXT = new Set<number>([
  pg.types.builtins.TIMESTAMPTZ,
  pg.types.builtins.TIMESTAMP,
  pg.types.builtins.DATE,
  pg.types.builtins.INTERVAL,
]);
const types: pg.CustomTypesConfig = {
  getTypeParser: (oid, format) =>
    AS_TEXT.has(oid) ? (v: string) => v : pg.types.getTypeParser(oid, format ?? 'text'),
};

/** Opens a connection and learns what the server is. Throws {@link DbError}. */
export async function connect(target: Target, purpose: Purpose, name = 'pgdeck'): Promise<Session> {
  const { client, bare } = await open(target, purpose, name);
  try {
    const session = await describe(client, bare);
    // nobody asks over the control connection for hours, and it must be there then; not known before 14
    if (purpose !== 'workload' && !bare && Number(session.server.settings.idle_session_timeout ?? 0) > 0)
      await client.query('SET idle_session_timeout = 0');
    // not known before 17; a database or role may set it
    if ((purpose === 'operation' || purpose === 'migration') && session.server.major >= 17)
      await client.query('SET transaction_timeout = 0');
    return session;
  } catch (error) {
    await client.end().catch(() => {});
    throw dbError(error, target);
  }
}

async function open(
  target: Target,
  purpose: Purpose,
  name: string,
): Promise<{ client: pg.Client; bare: boolean }> {
  let failure: unknown;
  for (const ssl of tlsAttempts(target)) {
    for (const bare of [false, true]) {
      try {
        return { client: await openOnce(target, purpose, name, ssl, bare), bare };
      } catch (error) {
        failure = error;
        // PgBouncer before 1.20 refuses the `options` parameter as 08P01: connect without our settings
        if ((error as { code?: string }).code !== '08P01') break;
      }
    }
    if (!retryOtherTls(failure)) break;
  }
  throw dbError(failure, target);
}

function retryOtherTls(error: unknown): boolean {
  const { code, message } = error as { code?: string; message?: string };
  return (
    code === '28000' ||
    /does not support SSL|SSL|TLS/i.test(message ?? '') ||
    /^(ERR_TLS|ERR_SSL)/.test(code ?? '')
  );
}

async function openOnce(
  target: Target,
  purpose: Purpose,
  name: string,
  ssl: false | ConnectionOptions,
  bare: boolean,
): Promise<pg.Client> {
  const settings = Object.entries(sessionSettings(purpose, target.readOnly));
  let asking: Promise<string | undefined> | undefined;
  const client = new pg.Client({
    host: target.host,
    port: target.port,
    user: target.user,
    database: target.database,
    password: async () => {
      asking = target.password();
      const password = await asking;
      asking = undefined;
      if (password === undefined)
        throw new DbError('auth', `The server asks for a password for ${target.user}.`, {
          next: 'Set PGPASSWORD, add a line to ~/.pgpass, or run pgdeck in a terminal to be asked.',
        });
      return password;
    },
    ssl,
    application_name: name,
    connectionTimeoutMillis: target.connectTimeout * 1000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    pipeline: true,
    types,
    ...(!bare && settings.length > 0 && { options: settings.map(([k, v]) => `-c ${k}=${v}`).join(' ') }),
  });
  // an error after connect arrives as an event; without a listener it would end the process
  client.on('error', () => {});
  try {
    await client.connect();
    return client;
  } catch (error) {
    const typing = asking;
    await client.end().catch(() => {});
    if (typing === undefined) throw error;
    // the time to connect, ours or the server's, was up while somebody typed: connect again with the answer
    await typing;
    return openOnce(target, purpose, name, ssl, bare);
  }
}

async function describe(client: pg.Client, bare: boolean): Promise<Session> {
  const ask = async <Row>(query: Query<void, Row>): Promise<Row[]> => {
    const sql = query.variants[0]?.sql as string;
    const result = await client.query({ text: sql, values: query.params() });
    return z.array(query.row).parse(result.rows);
  };
  const [[role], extensions, settings, [vendor], pid] = await Promise.all([
    ask(roleQuery),
    ask(extensionsQuery),
    ask(settingsQuery),
    ask(vendorQuery),
    client.query('SELECT pg_backend_pid() AS pid').then((r) => Number(r.rows[0]?.pid)),
  ]);
  if (role === undefined) throw new DbError('other', 'The server does not know the role it let in.');
  const major = Math.floor(role.version_num / 10_000);
  if (major < 13)
    throw new DbError(
      'unsupported',
      `PostgreSQL ${role.version} is older than 13, which pgdeck does not read.`,
    );
  const { superuser, pg_monitor, pg_read_all_stats, pg_read_all_settings } = role;
  const { pg_signal_backend, pg_signal_autovacuum_worker, pg_stat_scan_tables } = role;
  const server: Server = {
    major,
    versionNum: role.version_num,
    version: role.version.split(' ')[0] ?? role.version,
    user: role.usename,
    database: role.datname,
    databaseOid: role.datoid,
    standby: role.standby,
    rights: {
      superuser,
      pg_monitor,
      pg_read_all_stats,
      pg_read_all_settings,
      pg_signal_backend,
      pg_signal_autovacuum_worker,
      pg_stat_scan_tables,
    },
    extensions: extensions.map((e) => ({
      name: e.extname,
      version: e.extversion,
      schema: e.schema,
      usable: e.usable,
      columns: e.view_columns ?? [],
    })),
    vendor: vendor?.vendor ?? 'self',
    settings: Object.fromEntries(settings.map((s) => [s.name, s.setting ?? ''])),
    startedAt: Math.round(role.started_at),
    // a pooler hands out its own cancel key, so the pid of the start-up packet is not the backend's
    pooled: bare || (client as unknown as { processID: number | null }).processID !== pid,
  };
  return new PgSession(client, server, pid);
}

/** A server that is there closes a connection within a fraction of this. */
const GOODBYE_MS = 200;

class PgSession implements Session {
  lost = false;
  readonly server: Server;
  readonly pid: number;
  readonly #client: pg.Client;
  readonly #lostListeners: ((error: DbError) => void)[] = [];
  readonly #stream: { destroy(): void };
  #inFlight = 0;
  #closing = false;

  constructor(client: pg.Client, server: Server, pid: number) {
    this.#client = client;
    this.server = server;
    this.pid = pid;
    this.#stream = (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream;
    let cause: unknown = new Error('Connection terminated');
    client.on('error', (error) => {
      cause = error;
    });
    client.on('end', () => {
      this.lost = true;
      if (!this.#closing) for (const tell of this.#lostListeners) tell(dbError(cause));
    });
  }

  async run<Input, Row>(query: Query<Input, Row>, input: Input): Promise<Row[]> {
    const [answer] = await this.batch([call(query, input)]);
    if (answer === undefined) return [];
    if (!answer.ok) throw answer.error;
    return answer.rows as Row[];
  }

  batch(calls: readonly Call[]): Promise<Answer[]> {
    return Promise.all(calls.map((one) => this.#answer(one)));
  }

  async #answer({ query, input }: Call): Promise<Answer> {
    const started = performance.now();
    const ms = () => performance.now() - started;
    const text = sqlFor(query, this.server);
    if (text === undefined)
      return {
        ok: false,
        error: new DbError('unsupported', `PostgreSQL ${this.server.version} has no ${query.id}.`),
        ms: 0,
      };
    this.#inFlight++;
    try {
      const values = query.params(input as never);
      const named = this.server.pooled ? undefined : query.id;
      const result = await this.#client.query({ text, values, ...(named && { name: named }) });
      return { ok: true, rows: result.rows.map((row) => query.row.parse(row)), ms: ms() };
    } catch (error) {
      return { ok: false, error: dbError(error), ms: ms() };
    } finally {
      this.#inFlight--;
    }
  }

  async sql(text: string, params: unknown[] = []): Promise<Record<string, unknown>[]> {
    this.#inFlight++;
    try {
      const result = await this.#client.query(text, params);
      return result.rows as Record<string, unknown>[];
    } catch (error) {
      throw dbError(error);
    } finally {
      this.#inFlight--;
    }
  }

  async single(text: string): Promise<Record<string, unknown>[]> {
    this.#inFlight++;
    try {
      const result = await this.#client.query({ text, queryMode: 'extended' } as pg.QueryConfig);
      return result.rows as Record<string, unknown>[];
    } catch (error) {
      throw dbError(error);
    } finally {
      this.#inFlight--;
    }
  }

  onLost(listener: (error: DbError) => void): void {
    this.#lostListeners.push(listener);
  }

  onNotice(listener: (notice: Notice) => void): void {
    this.#client.on('notice', (n) => {
      listener({
        severity: n.severity ?? 'NOTICE',
        message: n.message ?? '',
        ...(n.detail && { detail: n.detail }),
        ...(n.code && { code: n.code }),
      });
    });
  }

  async close(): Promise<void> {
    this.#closing = true;
    this.lost = true;
    // end() waits for answers that are under way and for the server to hang up; one that hangs itself must not keep
    // the program from quitting
    const ended = this.#client.end().catch(() => {});
    const timer = setTimeout(() => this.#stream.destroy(), this.#inFlight > 0 ? 0 : GOODBYE_MS);
    await ended;
    clearTimeout(timer);
  }
}
