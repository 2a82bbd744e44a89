import {
  isConnectionString,
  type Keyword,
  type Params,
  parseConnectionString,
  parseUrl,
} from './libpq/conninfo.ts';
import { ENVIRONMENT_VARIABLES, type Env } from './libpq/env.ts';
import { readService } from './libpq/service.ts';
import type { Profile, Settings } from './settings.ts';
import { UsageError } from './usage-error.ts';

/** What the command line says about the connection; names as in psql. */
export interface ConnectionFlags {
  readonly host?: string | undefined;
  readonly port?: string | undefined;
  readonly username?: string | undefined;
  /** A name, a conninfo string or a URL. */
  readonly dbname?: string | undefined;
  readonly url?: string | undefined;
  readonly service?: string | undefined;
  readonly profile?: string | undefined;
  /** The settings file, as typed. */
  readonly config?: string | undefined;
  readonly readOnly?: boolean | undefined;
  /** Seconds between two samples, as typed. */
  readonly interval?: string | undefined;
}

/** Parameters from one place; `from` names a value's origin for people (`-h`, `PGPORT`, `profile prod`). */
export interface Layer {
  readonly params: Params;
  readonly from: (key: Keyword) => string;
  /** True for what was typed on the command line. */
  readonly typed?: boolean;
}

const FLAGS = { host: '-h', port: '-p', user: '-U', dbname: '-d' } as const;

/** Where values come from, the strongest first, and the profile that takes part. Throws {@link UsageError}. */
export function layers(
  flags: ConnectionFlags,
  env: Env,
  settings: Settings,
): { layers: Layer[]; profileName: string | undefined; service: string | undefined } {
  const explicit = [
    flags.profile !== undefined && '--profile',
    flags.url !== undefined && '--url',
    flags.service !== undefined && '--service',
    flags.dbname !== undefined && isConnectionString(flags.dbname) && 'a connection string in -d',
  ].filter((name) => name !== false);
  if (explicit.length > 1)
    throw new UsageError(`${explicit.join(' and ')} both name a server.`, 'Give one of them.');

  const found: Layer[] = [flagLayer(flags)];
  let profileName = flags.profile;
  const text =
    flags.url ?? (explicit.length > 0 && !flags.profile && !flags.service ? flags.dbname : undefined);
  if (text !== undefined) {
    const params = flags.url === undefined ? parseConnectionString(text) : parseUrl(text);
    const name = flags.url === undefined ? '-d' : '--url';
    found.push({ params, from: () => name, typed: true }, ...serviceLayer(params.service, env));
  }
  if (profileName !== undefined) found.push(...profileLayers(profileName, settings, env));
  found.push(...serviceLayer(flags.service, env));
  // as in libpq, a service stands above the other variables
  if (explicit.length === 0) found.push(...serviceLayer(env.PGSERVICE || undefined, env));
  found.push(environmentLayer(env));
  // The default profile names a server only when nothing else does: its name and its rules must not
  // be shown for a server that came from somewhere else.
  if (explicit.length === 0 && !namesServer(found) && settings.defaultProfile !== undefined) {
    profileName = settings.defaultProfile;
    found.push(...profileLayers(profileName, settings, env));
  }
  return { layers: found, profileName, service: found.map((l) => l.params.service).find(Boolean) };
}

function flagLayer(flags: ConnectionFlags): Layer {
  const { host, port, username: user, dbname } = flags;
  const name = dbname !== undefined && !isConnectionString(dbname) ? dbname : undefined;
  return {
    params: drop({ host, port, user, dbname: name }),
    from: (key) => FLAGS[key as keyof typeof FLAGS],
    typed: true,
  };
}

function environmentLayer(env: Env): Layer {
  const names = Object.entries(ENVIRONMENT_VARIABLES);
  return {
    params: drop(Object.fromEntries(names.map(([variable, key]) => [key, env[variable] || undefined]))),
    from: (key) => names.find(([, keyword]) => keyword === key)?.[0] ?? 'environment',
  };
}

function serviceLayer(name: string | undefined, env: Env): Layer[] {
  if (name === undefined) return [];
  const { params, file } = readService(name, env);
  return [{ params: { ...params, service: name }, from: () => `service ${name} in ${file}` }];
}

function profileLayers(name: string, settings: Settings, env: Env): Layer[] {
  const profile = Object.hasOwn(settings.profiles, name) ? settings.profiles[name] : undefined;
  if (!profile) {
    const names = Object.keys(settings.profiles);
    throw new UsageError(
      `There is no profile "${name}".`,
      names.length > 0
        ? `The profiles are ${names.join(', ')}.`
        : `Add it with pgdeck profile add ${name} -h HOST -d DATABASE.`,
    );
  }
  const from = () => `profile ${name}`;
  return [
    { params: profileParams(profile), from },
    ...(profile.url === undefined ? [] : [{ params: parseUrl(profile.url), from }]),
    ...serviceLayer(profile.service, env),
  ];
}

function profileParams(profile: Profile): Params {
  const { host, port, user, database, sslmode, sslrootcert, sslcert, sslkey, connect_timeout } = profile;
  return drop({
    host,
    port: port?.toString(),
    user,
    dbname: database,
    sslmode,
    sslrootcert,
    sslcert,
    sslkey,
    connect_timeout: connect_timeout?.toString(),
  });
}

function namesServer(found: readonly Layer[]): boolean {
  return found.some(({ params }) => params.host ?? params.hostaddr ?? params.port ?? params.service);
}

function drop<Key extends string>(
  values: Partial<Record<Key, string | undefined>>,
): Partial<Record<Key, string>> {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Partial<Record<Key, string>>;
}
