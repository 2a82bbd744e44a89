import { basename } from 'node:path';
import { CommandError } from './host.ts';

/** Debian's package for each program that pgdeck runs. */
const PACKAGES: Record<string, string> = {
  initdb: 'postgresql',
  postgres: 'postgresql',
  pg_ctl: 'postgresql',
  pg_controldata: 'postgresql',
  pg_amcheck: 'postgresql',
  docker: 'docker.io',
  kubectl: 'kubernetes-client',
  ssh: 'openssh-client',
  rsync: 'rsync',
  zstd: 'zstd',
  gzip: 'gzip',
  pgbackrest: 'pgbackrest',
  setsid: 'util-linux',
  ...Object.fromEntries(
    ['dd', 'tee', 'wc', 'sleep', 'cat', 'stat', 'sha256sum'].map((name) => [name, 'coreutils']),
  ),
};
const CLIENT_PROGRAM = /^(psql|createdb|dropdb|vacuumdb|reindexdb|pg_\w+)$/;

/** What to do where a program is missing: `install it, on Debian with: apt install zstd`; `where` is `there`. */
export function installHint(program: string, where?: string): string {
  const pack = PACKAGES[program] ?? (CLIENT_PROGRAM.test(program) ? 'postgresql-client' : undefined);
  const it = where === undefined ? 'install it' : `install it ${where}`;
  return pack === undefined ? `${it}, or put it on PATH` : `${it}, on Debian with: apt install ${pack}`;
}

/** Why a program could not be started, from what the system said. */
export function startError(command: string, error: unknown): CommandError {
  const program = basename(command);
  const code = (error as { code?: string } | undefined)?.code;
  if (code === 'ENOENT')
    return new CommandError('missing', `${program} was not found: ${installHint(program)}.`, '', error);
  if (code === 'EACCES' || code === 'EPERM')
    return new CommandError(
      'denied',
      `${program} may not be run by this user: check its permissions.`,
      '',
      error,
    );
  const why = error instanceof Error ? error.message.split('\n')[0] : String(error);
  return new CommandError('other', `${program} could not be started: ${why}.`, '', error);
}
