import { basename, dirname, join } from 'node:path';
import { systemIdentifier } from '../db/queries/log.ts';
import type { Session } from '../db/session.ts';
import { CommandError, type Host } from '../hosts/host.ts';

/** A server that is ready says so at most this long after its start: shared memory has to be made first. */
const STARTING_MS = 120_000;

/** A server's data directory that can be read where pgdeck runs. */
export interface ServerHere {
  readonly directory: string;
  readonly postmaster: number;
}

/**
 * The data directory, where it is on this host and that of the server asked: its path alone says nothing, since a
 * connection may lead through a tunnel or into a container, to a server that has the same one. Port, start and system
 * identifier have to agree. Throws CommandError where the host cannot be reached.
 */
export async function serverHere(
  session: Session,
  host: Host,
  { data_directory: directory, port }: { readonly data_directory: string | null; readonly port: string },
): Promise<ServerHere | undefined> {
  if (directory === null) return undefined;
  try {
    const [pid = '', , started = '', itsPort = ''] = String(
      await host.files.read(join(directory, 'postmaster.pid'), 4096),
    ).split('\n');
    const late = session.server.startedAt - Number(started) * 1000;
    if (itsPort.trim() !== port || !(late >= -2000 && late <= STARTING_MS)) return undefined;
    const [server] = await session.run(systemIdentifier, undefined);
    const bytes = await host.files.readAt(join(directory, 'global', 'pg_control'), 0, 8);
    // in the byte order of the machine
    const here = [bytes.readBigUInt64LE(), bytes.readBigUInt64BE()].map(String);
    return here.includes(server?.id ?? '') ? { directory, postmaster: Number(pid) } : undefined;
  } catch (error) {
    if (error instanceof CommandError) throw error;
    // not here, or not for this user
    return undefined;
  }
}

/** The file that the server's stderr goes to, as pg_ctl and pg_ctlcluster of Debian start it; undefined where it is none. */
export async function stderrFile(
  host: Host,
  { postmaster }: ServerHere,
): Promise<{ readonly directory: string; readonly name: string } | undefined> {
  if (host.platform !== 'linux') return undefined;
  try {
    const path = await host.files.real(`/proc/${postmaster}/fd/2`);
    const { kind } = await host.files.facts(path);
    return kind === 'file' ? { directory: dirname(path), name: basename(path) } : undefined;
  } catch {
    // a pipe or a socket has no path: journald, docker
    return undefined;
  }
}
