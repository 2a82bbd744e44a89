import { SSL_MODES } from '../db/target.ts';
import type { ConnectionFlags } from './layers.ts';
import { isConnectionString, type Keyword, parseConnectionString, parseUrl } from './libpq/conninfo.ts';
import type { RunsOn } from './runs-on.ts';
import { ENVIRONMENTS, PROFILE_NAME, type Profile, profileSchema } from './settings.ts';
import { UsageError } from './usage-error.ts';

/** What a new profile says beyond its connection. */
export interface NewProfile {
  readonly environment?: string | undefined;
  readonly sslmode?: string | undefined;
  /** Where it runs, where that is not this machine. */
  readonly runs_on?: RunsOn | undefined;
  /** What that place says of the connection: what is given stands above it. */
  readonly found?: Pick<ConnectionFlags, 'host' | 'port' | 'username' | 'dbname'> | undefined;
}

/** The profile's name of a libpq parameter. */
const FIELDS: Partial<Record<Keyword, keyof Profile>> = {
  host: 'host',
  port: 'port',
  user: 'user',
  dbname: 'database',
  sslmode: 'sslmode',
  sslrootcert: 'sslrootcert',
  sslcert: 'sslcert',
  sslkey: 'sslkey',
  service: 'service',
  connect_timeout: 'connect_timeout',
};

const NUMBERS = new Set<keyof Profile>(['port', 'connect_timeout']);

/** A profile from the connection options; a connection string is taken apart. Throws {@link UsageError}. */
export function profileOf(name: string, flags: ConnectionFlags, more: NewProfile): Profile {
  if (!PROFILE_NAME.test(name))
    throw new UsageError(
      `"${name}" cannot name a profile.`,
      'Use letters, digits, dot, dash and underscore.',
    );
  const { host, port, username: user, dbname, url, service, readOnly } = flags;
  const whole = dbname !== undefined && isConnectionString(dbname);
  const { found } = more;
  const params = {
    // another server is named as a whole
    ...(service === undefined &&
      defined({ host: found?.host, port: found?.port, user: found?.username, dbname: found?.dbname })),
    ...(url !== undefined && parseUrl(url)),
    ...(whole && parseConnectionString(dbname)),
    ...defined({ host, port, user, service, sslmode: more.sslmode, dbname: whole ? undefined : dbname }),
  };
  if (params.password !== undefined)
    throw new UsageError(
      'Passwords are not kept in the settings, so nothing was added.',
      'Leave it out, and put it into ~/.pgpass or PGPASSWORD.',
    );
  const entries = Object.entries(params).map(([key, value]) => {
    const field = FIELDS[key as Keyword];
    if (!field) throw new UsageError(`A profile has no field for ${key}.`);
    return [field, NUMBERS.has(field) ? Number(value) : value];
  });
  if (entries.length === 0)
    throw new UsageError('Nothing says which server is meant.', 'Give -h, -d, --url or --service.');
  const rest = defined({ environment: more.environment, readOnly });
  const checked = profileSchema.safeParse({
    ...Object.fromEntries(entries),
    ...rest,
    ...(more.runs_on && { runs_on: more.runs_on }),
  });
  if (checked.success) return checked.data;
  const [issue] = checked.error.issues;
  if (issue?.path[0] === 'runs_on')
    throw new UsageError(`The profile's ${issue.path.join('.')} is not valid: ${issue.message}.`);
  throw new UsageError(`The profile's ${String(issue?.path[0])} is not valid.`, HINT);
}

const HINT = `Environments: ${ENVIRONMENTS.join(', ')}. Modes of sslmode: ${SSL_MODES.join(', ')}.`;

function defined<Values extends object>(values: Values): Partial<Record<keyof Values, string>> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<
    Record<keyof Values, string>
  >;
}
