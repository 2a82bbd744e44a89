import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Env, home } from './env.ts';

/** What a line of the password file is matched against. `host`: a name, an address or a socket directory. */
export interface PassfileKey {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
}

/** Socket directories compiled into libpq by PostgreSQL and by the distributions; in the file they are `localhost`. */
const DEFAULT_SOCKETS = new Set(['/tmp', '/var/run/postgresql', '/run/postgresql']);

/** PGPASSFILE, else the file in the home directory. */
export function passfilePath(env: Env): string {
  if (env.PGPASSFILE) return env.PGPASSFILE;
  return process.platform === 'win32'
    ? join(env.APPDATA ?? home(env), 'postgresql', 'pgpass.conf')
    : join(home(env), '.pgpass');
}

/**
 * The password for a connection from a password file, by libpq's rules: the first line that matches holds.
 *
 * A file that others may read is not used; `warning` then says so. A file that is absent has no password.
 */
export function readPassfile(file: string, key: PassfileKey): { password?: string; warning?: string } {
  try {
    const stat = statSync(file);
    if (!stat.isFile()) return { warning: `The password file ${file} is not a plain file and is not used.` };
    if (process.platform !== 'win32' && (stat.mode & 0o077) !== 0)
      return { warning: `Others may read the password file ${file}, so it is not used: chmod 0600 ${file}` };
    const password = findPassword(readFileSync(file, 'utf8'), key);
    return password === undefined ? {} : { password };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' || code === 'ENOTDIR'
      ? {}
      : { warning: `The password file ${file} cannot be read (${code ?? 'unknown error'}).` };
  }
}

/** The password of the first line of `host:port:database:user:password` that fits. */
export function findPassword(text: string, key: PassfileKey): string | undefined {
  const host = DEFAULT_SOCKETS.has(key.host) ? 'localhost' : key.host;
  const wanted = [host, String(key.port), key.database, key.user];
  for (const line of text.split('\n')) {
    if (line.startsWith('#')) continue;
    const fields = splitFields(line.replace(/\r$/, ''));
    if (fields.length <= wanted.length) continue;
    const fits = wanted.every((value, i) => fields[i]?.raw === '*' || fields[i]?.value === value);
    // an empty password is no password
    if (fits) return fields[wanted.length]?.value || undefined;
  }
  return undefined;
}

/** `:` separates unless a backslash stands before it; a backslash before any character makes it plain. */
function splitFields(line: string): { raw: string; value: string }[] {
  const fields = [{ raw: '', value: '' }];
  for (let i = 0; i < line.length; i++) {
    const field = fields[fields.length - 1] as { raw: string; value: string };
    const escaped = line[i] === '\\' && i + 1 < line.length;
    if (line[i] === ':') {
      fields.push({ raw: '', value: '' });
      continue;
    }
    field.raw += line[i];
    if (escaped) field.raw += line[++i];
    field.value += line[i];
  }
  return fields;
}
