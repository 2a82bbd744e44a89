import { existsSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { place } from '../db/errors.ts';
import type { Target } from '../db/target.ts';
import { cleanLine } from '../text/clean.ts';
import { parseDuration } from '../text/units.ts';
import { type AppSettings, appSettings } from './app.ts';
import { type ConnectionFlags, type Layer, layers } from './layers.ts';
import type { Keyword, Params } from './libpq/conninfo.ts';
import type { Env } from './libpq/env.ts';
import { passfilePath, readPassfile } from './libpq/pgpass.ts';
import { tlsSettings } from './libpq/tls.ts';
import { mergeNotify, type NotifySettings } from './notify.ts';
import { type Passwords, passwords } from './password.ts';
import { keepOf } from './retention-days.ts';
import { mergeRoutine, type RoutineItem } from './routine.ts';
import { type Places, placesOf, type RunsOn } from './runs-on.ts';
import {
  type BackupSettings,
  type CleanupRule,
  type Environment,
  INTERVALS,
  type Intervals,
  mergeIntervals,
  type SchemaSettings,
  type Settings,
  type WaiverSettings,
} from './settings.ts';
import { namedSettings } from './store.ts';
import { mergeThresholds, type Thresholds } from './thresholds.ts';
import { UsageError } from './usage-error.ts';

export type { ConnectionFlags } from './layers.ts';

/** One field of the connection and where its value came from; never a password's value. */
export interface Origin {
  readonly field: string;
  readonly value: string;
  readonly from: string;
}

/** One server and everything that holds while it is watched. */
export interface Resolved {
  /** Short name for people: the profile's, the service's, else the database's. */
  readonly name: string;
  readonly profileName?: string;
  /** The settings file, where another than the usual one was named. */
  readonly settingsFile?: string;
  /** Absent when the server is no profile's or the profile does not say. */
  readonly environment?: Environment;
  readonly readOnly: boolean;
  readonly target: Target;
  readonly thresholds: Thresholds;
  readonly intervals: Intervals;
  /** How backups are made and kept: the profile's settings laid over those for all. */
  readonly backup: BackupSettings;
  /** Findings of health that somebody lives with; they are the profile's. */
  readonly waivers: readonly WaiverSettings[];
  /** Rows that are to go once they are old; they are the profile's. */
  readonly cleanup: readonly CleanupRule[];
  /** What is done again and again: the usual plan, with the settings for all and the profile's laid over it. */
  readonly routine: readonly RoutineItem[];
  /** Who is told outside: the profile's settings laid over those for all. */
  readonly notify: NotifySettings;
  /** What the database is expected to be made of; it is the profile's. */
  readonly schema: SchemaSettings;
  /** Where commands run. */
  readonly runsOn: Places;
  readonly app: AppSettings;
  /** The profile's own command that restarts the server. */
  readonly restart?: string;
  readonly describe: readonly Origin[];
  /** Sentences for stderr, such as a password file that others may read. */
  readonly warnings: readonly string[];
  /** For `withPassword`: the passwords behind `target.password`. */
  readonly passwords: Passwords;
}

/** Outside facts that the resolution depends on. */
export interface ResolveOptions {
  /** Asks a person for a password; absent where there is no terminal. */
  readonly ask?: (question: string) => Promise<string | undefined>;
}

/** libpq looks in one directory only; which one differs between packages. */
const SOCKET_DIRECTORIES = ['/var/run/postgresql', '/tmp'];

/**
 * Which server is meant: flags, then --url, --service or --profile, then PGSERVICE and the other PG variables,
 * then the default profile, then libpq's defaults. Each field is taken from the strongest place that has it.
 *
 * Throws {@link UsageError} for what cannot be understood. Opens no connection.
 */
export function resolve(
  flags: ConnectionFlags,
  env: Env,
  settings: Settings,
  options: ResolveOptions = {},
): Resolved {
  const { layers: found, profileName, service } = layers(flags, env, settings);
  const profile = profileName === undefined ? undefined : settings.profiles[profileName];
  const { params, origins, layerOf } = merge(found);
  const settingsFile = namedSettings(env, flags.config);

  const port = number(params.port ?? '5432', 'port', 1, 65_535);
  const runsOn = placesOf(profile);
  const hostName =
    oneOf(params.host, 'host') ?? (params.hostaddr ? undefined : defaultHost(port, runsOn.server));
  const host = oneOf(params.hostaddr, 'hostaddr') ?? (hostName as string);
  const user = params.user ?? osUser();
  const database = params.dbname ?? user;
  const readOnly = flags.readOnly ?? profile?.readOnly ?? profile?.environment === 'production';

  const keep = keepOf(env);
  const warnings: string[] = [];
  if (layerOf.get('password')?.typed)
    warnings.push('A password on the command line can be seen by other users: use PGPASSWORD or ~/.pgpass.');
  const fromFile = () => {
    const file = params.passfile ?? passfilePath(env);
    const { password, warning } = readPassfile(file, { host: hostName ?? host, port, database, user });
    return { password, warning };
  };
  if (params.password === undefined) {
    const { warning } = fromFile();
    if (warning) warnings.push(warning);
  }
  const { ask } = options;
  const at = place({ user, host, port, database });
  const asks = profileName === undefined ? at : `profile ${cleanLine(profileName)}, ${at}`;
  const source = passwords(
    () => params.password ?? fromFile().password,
    ask && ((attempt) => ask(`${attempt > 1 ? 'That was refused. ' : ''}Password for ${asks}: `)),
  );

  const target: Target = {
    host,
    port,
    user,
    database,
    ...tlsSettings({ ...params, ...(hostName && { host: hostName }) }, env),
    password: source.get,
    connectTimeout: connectTimeout(params.connect_timeout),
    readOnly,
  };
  return {
    name: profileName ?? service ?? database,
    ...(profileName !== undefined && { profileName }),
    ...(settingsFile !== undefined && { settingsFile }),
    ...(profile?.environment && { environment: profile.environment }),
    readOnly,
    target,
    thresholds: mergeThresholds(settings.thresholds, profile?.thresholds),
    backup: { ...(keep !== undefined && { keep }), ...settings.backup, ...profile?.backup },
    waivers: profile?.waivers ?? [],
    cleanup: profile?.cleanup ?? [],
    routine: mergeRoutine(settings.routine, profile?.routine),
    notify: mergeNotify(settings.notify, profile?.notify),
    schema: profile?.schema ?? {},
    runsOn,
    app: appSettings(profile?.app),
    ...(profile?.restart !== undefined && { restart: profile.restart }),
    intervals: {
      ...mergeIntervals(settings.intervals, profile?.intervals),
      ...(flags.interval !== undefined && { refresh_seconds: interval(flags.interval) }),
    },
    describe: describe(target, origins),
    warnings,
    passwords: source,
  };
}

/** For a server that is known already, such as the demo's: only thresholds and intervals are looked up. */
export function resolvedFor(
  target: Target,
  name: string,
  settings: Settings,
  flags: Pick<ConnectionFlags, 'readOnly' | 'interval'> = {},
): Resolved {
  const readOnly = flags.readOnly ?? target.readOnly;
  return {
    name,
    readOnly,
    target: { ...target, readOnly },
    thresholds: mergeThresholds(settings.thresholds),
    backup: { ...settings.backup },
    waivers: [],
    cleanup: [],
    routine: mergeRoutine(settings.routine),
    // nobody is to be woken for a server that is thrown away
    notify: { operations: false },
    schema: {},
    runsOn: placesOf(),
    app: appSettings(),
    intervals: {
      ...mergeIntervals(settings.intervals),
      ...(flags.interval !== undefined && { refresh_seconds: interval(flags.interval) }),
    },
    describe: describe(target, new Map()),
    warnings: [],
    passwords: { get: target.password, held: target.password, refused: () => false },
  };
}

/** Keys that belong together: an address of one place with the name of another would be a third server. */
const GROUPS: readonly (readonly Keyword[])[] = [['host', 'hostaddr']];

function merge(found: readonly Layer[]): {
  params: Params;
  origins: Map<Keyword, string>;
  layerOf: Map<Keyword, Layer>;
} {
  const params: Params = {};
  const origins = new Map<Keyword, string>();
  const layerOf = new Map<Keyword, Layer>();
  for (const layer of found) {
    const taken = new Set(Object.keys(params) as Keyword[]);
    for (const [name, value] of Object.entries(layer.params)) {
      const key = name as Keyword;
      const group = GROUPS.find((keys) => keys.includes(key)) ?? [key];
      if (value === '' || group.some((one) => taken.has(one))) continue;
      params[key] = value;
      origins.set(key, layer.from(key));
      layerOf.set(key, layer);
    }
  }
  return { params, origins, layerOf };
}

function describe(target: Target, origins: Map<Keyword, string>): Origin[] {
  const field = (name: string, value: string, keys: Keyword[]) => ({
    field: name,
    value,
    from: keys.map((key) => origins.get(key)).find((from) => from !== undefined) ?? 'default',
  });
  const password = origins.get('password');
  return [
    field('host', target.host, ['hostaddr', 'host']),
    field('port', String(target.port), ['port']),
    field('user', target.user, ['user']),
    field('database', target.database, ['dbname']),
    field('sslmode', target.sslmode, ['sslmode']),
    field('connect_timeout', String(target.connectTimeout), ['connect_timeout']),
    ...(password ? [{ field: 'password', value: '(set)', from: password }] : []),
  ];
}

/** The sockets of this machine lead to no server that is somewhere else. */
function defaultHost(port: number, { kind }: RunsOn): string {
  if (kind !== 'local') return 'localhost';
  const directory = SOCKET_DIRECTORIES.find((one) => existsSync(join(one, `.s.PGSQL.${port}`)));
  if (directory) return directory;
  return 'localhost';
}

function oneOf(value: string | undefined, what: string): string | undefined {
  if (value?.includes(','))
    throw new UsageError(
      `The ${what} names several servers, and pgdeck watches one at a time.`,
      'Name one of them with -h.',
    );
  return value;
}

function number(text: string, what: string, min: number, max: number): number {
  const value = /^\d+$/.test(text.trim()) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new UsageError(`The ${what} must be a whole number from ${min} to ${max}.`);
}

function interval(text: string): number {
  const { min, max } = INTERVALS.refresh_seconds;
  // its unit is in its name, as with psql's \watch
  const seconds = /^\s*\d+(\.\d+)?\s*$/.test(text) ? Number(text) : (parseDuration(text) ?? Number.NaN);
  if (seconds >= min && seconds <= max) return seconds;
  throw new UsageError(`The interval must be from ${min} to ${max} seconds.`);
}

/** Seconds; libpq waits for ever by default, which a console must not. */
function connectTimeout(text: string | undefined): number {
  const seconds = text === undefined ? 10 : Number(text);
  if (!Number.isFinite(seconds)) throw new UsageError('The connect_timeout must be a number of seconds.');
  // as in libpq: 0 and less is no limit
  return Math.max(0, seconds);
}

function osUser(): string {
  try {
    return userInfo().username;
  } catch {
    throw new UsageError('This operating system user has no name.', 'Give the database user with -U.');
  }
}
