import type { ConnectionOptions } from 'node:tls';
import pg from 'pg';
import { z } from 'zod';
import { Cells } from './client/cells.ts';
import type { CopyQueryClass } from './client/copy.ts';
import { noteOwnSession } from './client/own-sessions.ts';
import { PgSession } from './client/pg-session.ts';
import { through } from './client/through.ts';
import { ENDS_WITH_CLIENT, endWithClientSql } from './ends-with-client.ts';
import { DbError, dbError } from './errors.ts';
import type { Query } from './query.ts';
import { rightsOf, type Server } from './server.ts';
import { backendQuery, extensionsQuery, roleQuery, settingsQuery, vendorQuery } from './server-queries.ts';
import type { Purpose, Session } from './session.ts';
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

/** Not asked for with the connection: what the server itself has would be seen nowhere then, and it is judged. */
const LATER = 'work_mem';

/** Opens a connection and learns what the server is. Throws {@link DbError}. */
export async function connect(target: Target, purpose: Purpose, name = 'pgdeck'): Promise<Session> {
  const { client, bare } = await open(target, purpose, name);
  try {
    const session = await describe(client, purpose, target, bare);
    // the connection may be another client's after the next answer
    if (session.server.pooled) return session;
    const own = sessionSettings(purpose, target.readOnly)[LATER];
    // answered before whatever is asked next: nobody waits for it
    if (own !== undefined) client.query(`SET ${LATER} = '${own}'`).catch(() => {});
    endWithUs(client, purpose, session.server);
    // nobody asks over the control connection for hours, and it must be there then; not known before 14
    if (
      purpose !== 'workload' &&
      purpose !== 'plain' &&
      Number(session.server.settings.idle_session_timeout ?? 0) > 0
    )
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

/** Not asked for with the connection: a server that cannot do it would refuse the connection. What comes of it is noted. */
function endWithUs(client: pg.Client, purpose: Purpose, server: Server): void {
  const sql = endWithClientSql(purpose, server);
  if (sql === undefined) return;
  client.query(sql).then(
    ({ rows }) => void (rows.length > 0 && Object.assign(server.settings, ENDS_WITH_CLIENT)),
    () => {},
  );
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
  const error = dbError(failure, target);
  throw (await target.via?.explain(error)) ?? error;
}

async function openOnce(
  target: Target,
  purpose: Purpose,
  name: string,
  ssl: false | ConnectionOptions,
  bare: boolean,
): Promise<pg.Client> {
  const settings = Object.entries(sessionSettings(purpose, target.readOnly)).filter(([k]) => k !== LATER);
  let asking: Promise<string | undefined> | undefined;
  const opening = await target.via?.open();
  const client = new pg.Client({
    ...(opening !== undefined && { stream: () => through(opening) }),
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

/** Connections on which pgdeck asks for itself; on the others it sends what people wrote. */
const OWN_PURPOSES: ReadonlySet<Purpose> = new Set(['fast', 'slow', 'control', 'operation', 'plain']);

async function describe(
  client: pg.Client,
  purpose: Purpose,
  target: Target,
  bare: boolean,
): Promise<Session> {
  const asked = sessionSettings(purpose, target.readOnly);
  const cells = new Cells((text, values) => client.query({ text, values }));
  const ask = async <Row>(query: Query<void, Row>): Promise<Row[]> => {
    const sql = query.variants[0]?.sql as string;
    const rows = await cells.rows(query.id, sql, query.params());
    return z.array(query.row).parse(rows);
  };
  const [[role], extensions, settings, [vendor], [backend]] = await Promise.all([
    ask(roleQuery),
    ask(extensionsQuery),
    ask(settingsQuery),
    ask(vendorQuery),
    ask(backendQuery),
  ]);
  if (role === undefined || backend === undefined)
    throw new DbError('other', 'The server does not know the role it let in.');
  const major = Math.floor(role.version_num / 10_000);
  if (major < 13)
    throw new DbError(
      'unsupported',
      `PostgreSQL ${role.version} is older than 13, which pgdeck does not read.`,
    );
  const known = Object.fromEntries(settings.map((s) => [s.name, s.setting ?? '']));
  const { pid, backend_start_us, client_port: clientPort } = backend;
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
  // 'workload' plays the applications of others; a pooler's backend serves others, too
  if (purpose !== 'workload' && !server.pooled && backend_start_us !== null)
    client.on('end', noteOwnSession(pid, backend_start_us, purpose));
  return new PgSession(client, server, {
    backend: { pid, backendStart: backend_start_us, clientPort },
    settings: asked,
    own: OWN_PURPOSES.has(purpose),
    ...(target.via !== undefined && { via: target.via.label }),
    copyQuery: pg.Query as unknown as CopyQueryClass,
  });
}
