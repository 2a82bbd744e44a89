import type { ConnectionOptions } from 'node:tls';
import pg from 'pg';
import { z } from 'zod';
import { DbError, dbError } from './errors.ts';
import { keptSettings, lastResult, settingsSql, withLocalSettings } from './pooler/message.ts';
import { type Query, sqlFor } from './query.ts';
import { extensionsQuery, rightsOf, roleQuery, type Server, settingsQuery, vendorQuery } from './server.ts';
import { type Answer, type Call, call, type Notice, type Purpose, type Session } from './session.ts';
import { inForce, sessionSettings } from './session-settings.ts';
import type { Target } from './target.ts';
import { retryOtherTls, tlsAttempts } from './tls-attempts.ts';

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
    const settings = sessionSettings(purpose, target.readOnly);
    const session = await describe(client, settings, bare);
    // the connection may be another client's after the next answer
    if (session.server.pooled) return session;
    // nobody asks over the control connection for hours, and it must be there then; not known before 14
    if (purpose !== 'workload' && Number(session.server.settings.idle_session_timeout ?? 0) > 0)
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

async function describe(
  client: pg.Client,
  asked: Readonly<Record<string, string>>,
  bare: boolean,
): Promise<Session> {
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
  const known = Object.fromEntries(settings.map((s) => [s.name, s.setting ?? '']));
  const server: Server = {
    major,
    versionNum: role.version_num,
    version: role.version.split(' ')[0] ?? role.version,
    user: role.usename,
    database: role.datname,
    databaseOid: role.datoid,
    standby: role.standby,
    rights: rightsOf(role),
    extensions: extensions.map((e) => ({
      name: e.extname,
      version: e.extversion,
      schema: e.schema,
      usable: e.usable,
      columns: e.view_columns ?? [],
    })),
    vendor: vendor?.vendor ?? 'self',
    settings: known,
    startedAt: Math.round(role.started_at),
    pooled:
      bare ||
      // a pooler hands out its own cancel key, so the pid of the start-up packet is not the backend's
      (client as unknown as { processID: number | null }).processID !== pid ||
      // or it has taken our settings and dropped them (ignore_startup_parameters)
      !inForce(asked, known),
  };
  return new PgSession(client, server, pid, asked);
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
  readonly #settings: Readonly<Record<string, string>>;
  /** Whether a pooler is known to keep the connection for this client, which has set it up. */
  #kept = false;
  #inFlight = 0;
  #closing = false;

  constructor(client: pg.Client, server: Server, pid: number, settings: Readonly<Record<string, string>>) {
    this.#client = client;
    this.server = server;
    this.pid = pid;
    this.#settings = settings;
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
      const result = await this.#ask(query.id, text, values);
      return { ok: true, rows: result.rows.map((row) => query.row.parse(row)), ms: ms() };
    } catch (error) {
      return { ok: false, error: dbError(error), ms: ms() };
    } finally {
      this.#inFlight--;
    }
  }

  /** Behind a pooler no statement is prepared and nothing set for longer than one message. */
  async #ask(name: string, text: string, values: unknown[]): Promise<{ rows: Record<string, unknown>[] }> {
    if (!this.server.pooled) return this.#client.query({ name, text, values });
    // a transaction of the caller has its own
    const bare = this.#kept || Object.keys(this.#settings).length === 0;
    if (bare || this.#client.getTransactionStatus() === 'T') return this.#client.query({ text, values });
    return lastResult(await this.#client.query(withLocalSettings(this.#settings, text, values)));
  }

  async keep(): Promise<void> {
    if (!this.server.pooled || this.#kept) return;
    await this.sql(settingsSql(keptSettings(this.#settings, this.server.major), false));
    this.#kept = true;
  }

  sql(text: string, params: unknown[] = []): Promise<Record<string, unknown>[]> {
    return this.#rows({ text, values: params });
  }

  single(text: string): Promise<Record<string, unknown>[]> {
    return this.#rows({ text, queryMode: 'extended' } as pg.QueryConfig);
  }

  async #rows(config: pg.QueryConfig): Promise<Record<string, unknown>[]> {
    this.#inFlight++;
    try {
      const result = await this.#client.query(config);
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
    // a pooler may be set up not to clean what it gives to the next one
    if (this.#kept && !this.lost && this.#inFlight === 0)
      for (const text of ['ROLLBACK', 'DISCARD ALL']) this.#client.query(text).catch(() => {});
    this.lost = true;
    // end() waits for answers that are under way and for the server to hang up; one that hangs itself must not keep
    // the program from quitting
    const ended = this.#client.end().catch(() => {});
    const timer = setTimeout(() => this.#stream.destroy(), this.#inFlight > 0 ? 0 : GOODBYE_MS);
    await ended;
    clearTimeout(timer);
  }
}
