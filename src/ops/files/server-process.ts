import type { Session } from '../../db/session.ts';
import type { Target } from '../../db/target.ts';
import { CommandError, type Host, type HostFiles } from '../../hosts/host.ts';
import { isLocal } from './disk.ts';

/** Between the lock file and the time that the server says it began lies what it does to begin. */
const BEGINNING_SECONDS = 60;
/** postmaster.pid has some hundred bytes, meminfo some thousand. */
const SMALL = 65_536;

export interface Asked {
  readonly session: Session;
  readonly target: Target;
  /** That the server says it listens on. */
  readonly port: number;
}

/**
 * The process id of the server whose data directory that is on the host; or why it is not known to be the data directory
 * of this server. One behind a forwarded port may have a directory of the same name.
 */
export async function serverProcess(
  host: Host,
  directory: string,
  { session, target, port }: Asked,
): Promise<{ readonly pid: number } | { readonly foreign: string }> {
  const { files, label } = host;
  const away = host.kind !== 'local';
  let lock: string;
  try {
    lock = (await files.read(`${directory}/postmaster.pid`, SMALL)).toString('utf8');
  } catch (error) {
    // the way there is lost: nothing is known of the directory
    if (error instanceof CommandError) return { foreign: error.message };
    const { code } = error as NodeJS.ErrnoException;
    const denied = code === 'EACCES' || code === 'EPERM';
    return { foreign: denied ? unreadable(host, directory) : absent(host, directory) };
  }
  // pid, data directory, start in seconds since 1970, port
  const [pid, , started, listens] = lock.split('\n');
  const apart = Math.abs(Number(started) - session.server.startedAt / 1000);
  const alike = Number(listens) === port && apart <= BEGINNING_SECONDS;
  // two machines of a pair may have begun at the same time, with the same directories
  const certain = !away && isLocal({ target, host });
  return alike && (certain || (await parentOf(files, session.pid)) === Number(pid))
    ? { pid: Number(pid) }
    : {
        foreign: `${directory} on ${label} is the data directory of another server: this one runs elsewhere${away ? '' : ', or in a container'}.`,
      };
}

function unreadable({ kind, label }: Host, directory: string): string {
  if (kind === 'local')
    return `The data directory ${directory} is not readable for this user: run pgdeck as the user of the server, on its machine.`;
  const next =
    kind === 'docker' || kind === 'compose'
      ? "name the server's user as runs_on.user"
      : 'name a destination with the user of it';
  return `The data directory ${directory} on ${label} is not readable for the user there: ${next}.`;
}

function absent({ kind, label }: Host, directory: string): string {
  return kind === 'local'
    ? `The data directory ${directory} is not on ${label}: the server runs elsewhere, or in a container.`
    : `The data directory ${directory} is not on ${label}: runs_on names another place than the server's.`;
}

/** The process that has begun another one; undefined where that is not told. */
async function parentOf(files: HostFiles, pid: number): Promise<number | undefined> {
  const stat = await files.read(`/proc/${pid}/stat`, SMALL).catch(() => undefined);
  // the name, in parentheses, may hold anything
  const parent = stat?.toString('utf8').split(') ').at(-1)?.split(' ')[1];
  return parent === undefined ? undefined : Number(parent);
}
