import type { Host } from '../../hosts/host.ts';

export type ClientProgram =
  | 'pg_dump'
  | 'pg_dumpall'
  | 'pg_restore'
  | 'psql'
  | 'vacuumdb'
  | 'initdb'
  | 'pg_ctl'
  | 'postgres';

/** Of the server's package, not of the client's. */
const SERVER_PROGRAMS: readonly ClientProgram[] = ['initdb', 'pg_ctl', 'postgres'];

/** Debian's package that has the program of this major version. */
export function packageOf(program: ClientProgram, major: number): string {
  return SERVER_PROGRAMS.includes(program) ? `postgresql-${major}` : `postgresql-client-${major}`;
}

/** How to get the programs: one sentence. What is installed in a container is gone with it. */
export function installSentence(
  programs: readonly ClientProgram[],
  major: number,
  { kind = 'local' }: Partial<Pick<Host, 'kind'>> = {},
): string {
  if (kind === 'docker')
    return (
      `The container that a server of PostgreSQL ${major} runs in has them: see that runs_on names it, and not another one. ` +
      'Where its image has them elsewhere, name their directory with the setting backup.programs.'
    );
  const packages = [...new Set(programs.map((program) => packageOf(program, major)))];
  return (
    `Install ${packages.join(' and ')} (on Debian: apt install ${packages.join(' ')}; what a release lacks is in apt.postgresql.org), ` +
    'or name their directory with the setting backup.programs.'
  );
}
