import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../usage-error.ts';
import { type Params, setParam } from './conninfo.ts';
import { type Env, home } from './env.ts';

/** Where packages put the system-wide file: libpq has the directory compiled in. */
const SYSTEM_DIRECTORIES = [
  '/etc/postgresql-common',
  '/etc/sysconfig/pgsql',
  '/usr/local/etc/postgresql',
  '/etc',
];

function serviceFiles(env: Env): string[] {
  const own = env.PGSERVICEFILE || join(home(env), '.pg_service.conf');
  const system = env.PGSYSCONFDIR ? [env.PGSYSCONFDIR] : SYSTEM_DIRECTORIES;
  return [own, ...system.map((directory) => join(directory, 'pg_service.conf'))];
}

/**
 * The parameters of a service: from PGSERVICEFILE or ~/.pg_service.conf, else from the system-wide file.
 *
 * Throws {@link UsageError} when no file defines it or the file is not well formed.
 */
export function readService(name: string, env: Env): { params: Params; file: string } {
  if (env.PGSERVICEFILE && !existsSync(env.PGSERVICEFILE))
    throw new UsageError(`The service file ${env.PGSERVICEFILE} does not exist.`, 'Correct PGSERVICEFILE.');
  const files = serviceFiles(env).filter((file) => existsSync(file));
  for (const file of files) {
    const params = parseService(readFileSync(file, 'utf8'), name, file);
    if (params) return { params, file };
  }
  throw new UsageError(
    `The service "${name}" is defined nowhere.`,
    files.length > 0 ? `Add [${name}] to ${files[0]}.` : `Define it in ${serviceFiles(env)[0]}.`,
  );
}

/** The services that are defined, of all files. Throws what reading them throws. */
export function serviceNames(env: Env): string[] {
  const texts = serviceFiles(env)
    .filter((file) => existsSync(file))
    .map((file) => readFileSync(file, 'utf8'));
  return [
    ...new Set(
      texts.flatMap((text) => [...text.matchAll(/^\s*\[(.*)\]\s*$/gm)].map(([, name = '']) => name)),
    ),
  ];
}

function parseService(text: string, name: string, file: string): Params | undefined {
  let found: Params | undefined;
  let inside = false;
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const group = /^\[(.*)\]$/.exec(line);
    if (group) {
      // as in libpq the first definition of a name is the one that holds
      if (found) return found;
      inside = group[1] === name;
      if (inside) found = {};
      continue;
    }
    if (!inside || !found) continue;
    const where = `${file}:${index + 1}`;
    const equals = line.indexOf('=');
    if (equals < 0) throw new UsageError(`${where} is no key=value line.`);
    const key = line.slice(0, equals).trim();
    if (key === 'service') throw new UsageError(`${where} names another service, which is not possible.`);
    setParam(found, key, line.slice(equals + 1).trim(), where);
  }
  return found;
}
