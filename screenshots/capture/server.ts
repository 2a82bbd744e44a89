import { spawnSync } from 'node:child_process';

/** Tries of what a lock of the demo's may be in the way of. */
export const TRIES = 30;
/** The demo's server, as the header has it. */
export const ADDRESS = /(\S+)@(127\.0\.0\.1):(\d+)\/(\S+)/;

export interface Server {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
}

export function serverOf(screen: string): Server {
  const [, user = '', host = '', port = '', database = ''] = ADDRESS.exec(screen) ?? [];
  return { host, port: Number(port), user, database };
}

/** The flags of a server that is on the screen. */
export function connectionOf(screen: string): string[] {
  const { host, port, user, database } = serverOf(screen);
  return ['-h', host, '-p', String(port), '-U', user, '-d', database];
}

/** What a statement answers, a line per row. Throws with the server's words. */
export function ask({ host, port, user, database }: Server, statement: string): string[] {
  const { status, stdout, stderr } = spawnSync(
    'psql',
    [
      ...['-qXAt', '-h', host, '-p', String(port), '-U', user, '-d', database],
      ...['-v', 'ON_ERROR_STOP=1', '-c', statement],
    ],
    { encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(stderr);
  return stdout.trim().split('\n');
}

/** Runs a statement as soon as no lock of the demo's is in its way. */
export function damage(server: Server, statement: string): void {
  for (let tries = 1; ; tries++) {
    try {
      return void ask(server, `SET lock_timeout = '5s'; ${statement}`);
    } catch (error) {
      if (tries === TRIES) throw error;
    }
  }
}
