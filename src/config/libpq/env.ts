import { homedir } from 'node:os';
import type { Params } from './conninfo.ts';

export type Env = Readonly<Record<string, string | undefined>>;

export function home(env: Env): string {
  return env.HOME || homedir();
}

/** libpq's environment variables and the parameter that each one sets. */
export const ENVIRONMENT_VARIABLES: Readonly<Record<string, keyof Params>> = {
  PGHOST: 'host',
  PGHOSTADDR: 'hostaddr',
  PGPORT: 'port',
  PGUSER: 'user',
  PGDATABASE: 'dbname',
  PGPASSWORD: 'password',
  PGPASSFILE: 'passfile',
  PGSSLMODE: 'sslmode',
  PGSSLROOTCERT: 'sslrootcert',
  PGSSLCERT: 'sslcert',
  PGSSLKEY: 'sslkey',
  PGCONNECT_TIMEOUT: 'connect_timeout',
};
