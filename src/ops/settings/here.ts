import { dirname } from 'node:path';
import { grant } from '../../db/server.ts';
import type { Session } from '../../db/session.ts';
import type { Target } from '../../db/target.ts';
import type { Host } from '../../hosts/host.ts';
import { isRotating, type MachineSize, sizeOf } from '../files/machine-size.ts';
import { serverProcess } from '../files/server-process.ts';
import { type StartRow, settingStart } from './queries/change.ts';

/** The server on this machine. */
export interface Here extends MachineSize {
  readonly pid: number;
  readonly data: string;
  readonly configFile: string | undefined;
  /** Directory of the server's own programs. */
  readonly bin: string;
  readonly rotating: boolean | undefined;
}

/** What is known of the machine of a server: that it is the host; or why not. */
export interface Place {
  readonly start: StartRow;
  readonly here: Here | { readonly unknown: string };
}

/** Of postmaster.opts: a command line. */
const SMALL = 65_536;

/** Looks whether the host is the server's machine, and what it has. Throws DbError. */
export async function placeOf(host: Host, session: Session, target: Target): Promise<Place> {
  const [start] = await session.run(settingStart, undefined);
  if (start === undefined) throw new Error('the server has answered nothing');
  const { data_directory: data, port, config_file } = start;
  const unknown = (why: string): Place => ({ start, here: { unknown: why } });
  if (data === null)
    return unknown(
      `The server does not tell this role where its files are: ${grant('pg_read_all_settings', session.server)}.`,
    );
  const server = await serverProcess(host, data, { session, target, port });
  if ('foreign' in server) return unknown(server.foreign);
  const program = await programOf(host, data, server.pid);
  if (program === undefined) return unknown(`Which program the server was started from is not known.`);
  const size = await sizeOf(host, server.pid);
  const rotating = await isRotating(host, data);
  return {
    start,
    here: {
      ...{ ...size, pid: server.pid, data, bin: dirname(program), rotating },
      configFile: config_file ?? undefined,
    },
  };
}

/** The server writes its command line beside its data when it starts; a link in it leads to the installation. */
async function programOf({ files }: Host, data: string, pid: number): Promise<string | undefined> {
  const running = await files.real(`/proc/${pid}/exe`).catch(() => undefined);
  if (running !== undefined) return running;
  const options = await files.read(`${data}/postmaster.opts`, SMALL).catch(() => undefined);
  const [, path] = /^(\/.*?)(?: "|\s*$)/.exec(options?.toString('utf8') ?? '') ?? [];
  return path === undefined ? undefined : files.real(path).catch(() => undefined);
}
