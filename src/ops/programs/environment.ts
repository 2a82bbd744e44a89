import { endWithClientOptions } from '../../db/ends-with-client.ts';
import type { Server } from '../../db/server.ts';
import type { Target } from '../../db/target.ts';
import type { Host } from '../../hosts/host.ts';
import type { OpContext } from '../engine/operation.ts';
import { refuseLineBreak, withSecretFiles } from '../files/secret-files.ts';

/** Variables for a program; `undefined` removes one. */
export type ClientEnvironment = Record<string, string | undefined>;

/**
 * The environment in which PostgreSQL's programs connect to the server as this program does, from where they run. The
 * password, where the server asked for one, is in a file that only this user may read and that is gone afterwards: never
 * in an argument or a variable, which others can see or children inherit. Where they run on another host there is no
 * such file: it is a variable there, which no command line shows. The database is the caller's to name, with
 * {@link databaseArgument}. Throws {@link ../error.ts OpError} for a secret that cannot be handed over.
 */
export function withClientEnvironment<T>(
  context: OpContext,
  applicationName: string,
  work: (env: ClientEnvironment) => Promise<T>,
): Promise<T> {
  const { target, there, secrets, host } = context;
  if (host.kind !== 'local') {
    refuseLineBreak('password', secrets.server);
    return work({ ...clientEnvironment(host, there, applicationName), PGPASSWORD: secrets.server });
  }
  const passphrase = target.tls?.passphrase;
  return withSecretFiles({ password: secrets.server, passphrase }, ({ passfile, serviceFile, service }) =>
    work({
      ...clientEnvironment(host, target, applicationName),
      PGPASSFILE: passfile,
      PGSERVICEFILE: serviceFile,
      PGSERVICE: service,
    }),
  );
}

/** The same for a server that asks for no password, such as a throwaway one. */
export function clientEnvironment(
  host: Pick<Host, 'environment'>,
  target: Target,
  applicationName: string,
): ClientEnvironment {
  return {
    ...withoutPg(host),
    ...connection(target),
    PGAPPNAME: applicationName,
    // messages are read by us
    LC_ALL: 'C',
  };
}

/**
 * For programs that do not switch off the timeouts that a role or a database sets, as vacuumdb and pg_dumpall do not;
 * and what they work at on the server ends with them, where it can. A pooler may refuse to be told.
 */
export function withoutTimeouts(server: Pick<Server, 'major' | 'pooled' | 'settings'>): ClientEnvironment {
  if (server.pooled) return {};
  const options = timeoutNames(server).map((name) => `-c ${name}=0`);
  return { PGOPTIONS: [...options, ...endWithClientOptions(server)].join(' ') };
}

/** The settings that end what takes long. */
export function timeoutNames({ major }: Pick<Server, 'major'>): string[] {
  const timeouts = [
    'statement',
    'lock',
    'idle_in_transaction_session',
    ...(major >= 17 ? ['transaction'] : []),
  ];
  return timeouts.map((name) => `${name}_timeout`);
}

/** The caller's own variables would lead elsewhere, or change how a dump is loaded (PGOPTIONS). */
function withoutPg({ environment }: Pick<Host, 'environment'>): ClientEnvironment {
  const names = Object.keys(environment).filter((name) => /^PG(?!DECK_)/.test(name) || name === 'LANGUAGE');
  return Object.fromEntries(names.map((name) => [name, undefined]));
}

function connection(target: Target): ClientEnvironment {
  const { host, port, user, sslmode, tls, tlsFiles, connectTimeout } = target;
  // the name that the certificate carries, where it is not what is connected to
  const name = tls?.servername;
  return {
    PGHOST: name ?? host,
    ...(name !== undefined && { PGHOSTADDR: host }),
    PGPORT: String(port),
    PGUSER: user,
    PGSSLMODE: sslmode,
    PGSSLROOTCERT: tlsFiles?.root,
    PGSSLCERT: tlsFiles?.certificate,
    PGSSLKEY: tlsFiles?.key,
    // the driver has no GSSAPI, and libpq would try it first
    PGGSSENCMODE: 'disable',
    PGCONNECT_TIMEOUT: connectTimeout > 0 ? String(Math.ceil(connectTimeout)) : undefined,
  };
}

/** A database's name for -d: one that looks like a connection string is written as one. */
export function databaseArgument(name: string): string {
  if (!name.includes('=') && !/^postgres(ql)?:\/\//.test(name)) return name;
  return `dbname='${name.replaceAll(/['\\]/g, '\\$&')}'`;
}
