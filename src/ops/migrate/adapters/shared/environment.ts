import { z } from 'zod';
import { endWithClientOptions } from '../../../../db/ends-with-client.ts';
import type { Session } from '../../../../db/session.ts';
import type { Target } from '../../../../db/target.ts';
import type { Host } from '../../../../hosts/host.ts';
import type { OpContext } from '../../../engine/operation.ts';
import {
  type ClientEnvironment,
  clientEnvironment,
  withClientEnvironment,
} from '../../../programs/environment.ts';
import type { Driver } from './driver.ts';
import { reachedFrom } from './reached.ts';

export interface Connection {
  readonly context: OpContext;
  /** Where the tool runs. */
  readonly host: Host;
  /** Undefined for what needs no database, and must not need one. */
  readonly session: Session | undefined;
  readonly driver: Driver;
  readonly applicationName: string;
  /** Milliseconds; 0 waits without limit. */
  readonly lockTimeout: number;
  /** For what only looks: the server refuses a write. */
  readonly readOnly: boolean;
}

/** Variables that only libpq knows; the settings that they stand for are for libpq, too. */
const NOT_EVERYWHERE = {
  PGGSSENCMODE: undefined,
  PGHOSTADDR: undefined,
  PGSERVICE: undefined,
  PGSERVICEFILE: undefined,
};

const sslRow = z.array(z.object({ ssl: z.boolean() }));

/**
 * The environment in which a team's tool connects to the server and database that this program is connected to. The
 * password is in a file only this user may read, and where the tool runs elsewhere in its own environment, since no file
 * of this machine is there; a script of the team gets it in DATABASE_URL as well. Never in an argument.
 *
 * Throws OpError where nobody has said how the server is reached from there.
 */
export async function withToolEnvironment<T>(
  connection: Connection,
  work: (env: ClientEnvironment) => Promise<T>,
): Promise<T> {
  const { context, host, session, driver, applicationName, lockTimeout, readOnly } = connection;
  const away = host.kind !== 'local';
  const target = away ? reachedFrom(context) : context.target;
  const encrypted = session === undefined ? target.tls !== undefined : await isEncrypted(session);
  const sslmode = sslModeFor(driver, target, encrypted);
  const url = databaseUrl(target, {
    scheme: driver === 'asyncpg' ? 'postgres' : 'postgresql',
    ...(driver === 'go' && { sslmode }),
    ...(driver === 'script' && { password: context.secrets.server }),
  });
  const options = [
    `-c lock_timeout=${lockTimeout}`,
    `-c application_name=${applicationName}`,
    ...(session === undefined ? [] : endWithClientOptions(session.server)),
  ];
  if (readOnly) options.push('-c default_transaction_read_only=on');
  const root = target.tlsFiles?.root;
  const inHand: typeof withClientEnvironment = away ? atHand(host, target) : withClientEnvironment;
  return inHand(context, applicationName, ({ LC_ALL: _, ...env }) =>
    work({
      ...env,
      // lib/pq refuses to connect when it sees one that it does not know
      ...(driver !== 'libpq' && driver !== 'asyncpg' && NOT_EVERYWHERE),
      PGDATABASE: target.database,
      PGSSLMODE: sslmode,
      PGOPTIONS: options.join(' '),
      DATABASE_URL: url,
      // lines as they are written, and without colours
      PYTHONUNBUFFERED: '1',
      NO_COLOR: '1',
      FORCE_COLOR: undefined,
      npm_config_update_notifier: 'false',
      // node checks a certificate against its own list
      ...((driver === 'node' || driver === 'script') &&
        root !== undefined &&
        root !== 'system' && { NODE_EXTRA_CA_CERTS: root }),
      // ours is for our own parts, and would choose the settings of production for the team's
      ...(!away &&
        context.env.PGDECK_NODE_ENV === 'own' && { NODE_ENV: undefined, PGDECK_NODE_ENV: undefined }),
    }),
  );
}

/** As {@link withClientEnvironment} does it for another machine. */
function atHand(host: Host, target: Target): typeof withClientEnvironment {
  return async ({ secrets }, applicationName, work) =>
    work({ ...clientEnvironment(host, target, applicationName), PGPASSWORD: secrets.server });
}

async function isEncrypted(session: Session): Promise<boolean> {
  const rows = await session.sql('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()');
  return sslRow.parse(rows)[0]?.ssl === true;
}

function sslModeFor(driver: Driver, { sslmode }: Target, encrypted: boolean): string {
  if (driver === 'libpq' || driver === 'asyncpg') return sslmode;
  if (!encrypted) return 'disable';
  if (sslmode === 'verify-full' || sslmode === 'verify-ca') return sslmode;
  return driver === 'go' ? 'require' : 'no-verify';
}

interface UrlParts {
  readonly scheme: string;
  readonly sslmode?: string;
  readonly password?: string | undefined;
}

/** What a tool is given as DATABASE_URL. */
export function databaseUrl(target: Target, { scheme, sslmode, password }: UrlParts): string {
  const user = encodeURIComponent(target.user) + (password ? `:${encodeURIComponent(password)}` : '');
  const host = target.tls?.servername ?? target.host;
  const query = new URLSearchParams();
  const socket = host.startsWith('/');
  if (socket) query.set('host', host);
  if (socket && target.port !== 5432) query.set('port', String(target.port));
  if (sslmode !== undefined) query.set('sslmode', sslmode);
  const address = socket ? '' : `${host.includes(':') ? `[${host}]` : host}:${target.port}`;
  const rest = query.size > 0 ? `?${query}` : '';
  return `${scheme}://${user}@${address}/${encodeURIComponent(target.database)}${rest}`;
}
