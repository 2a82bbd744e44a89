import { serverDirectories } from '../../db/queries/directories.ts';
import { grant } from '../../db/server.ts';
import type { Session } from '../../db/session.ts';
import type { Target } from '../../db/target.ts';
import type { Outside, Told, VolumeFact } from '../../health/outside.ts';
import type { Host, HostFiles } from '../../hosts/host.ts';
import { sentenceOf } from '../../ops/error.ts';
import { isLocal } from '../../ops/files/disk.ts';

type Place = { readonly name: string; readonly directory: string };

/** Between the lock file and the time that the server says it began lies what it does to begin. */
const BEGINNING_SECONDS = 60;
/** postmaster.pid has some hundred bytes, meminfo some thousand. */
const SMALL = 65_536;

/**
 * The file systems that the server writes to and the memory of its machine, where that is the host's: its data directory
 * must be there, and be that of this server. A server behind a forwarded port may have one of the same name.
 */
export async function machineFacts(
  host: Host,
  session: Session,
  target: Target,
): Promise<Pick<Outside, 'volumes' | 'memory'>> {
  const both = (reason: string) => ({ volumes: { unknown: reason }, memory: { unknown: reason } });
  try {
    const rows = await session.run(serverDirectories, undefined);
    const places = rows.flatMap(({ name, directory }) => (directory === null ? [] : [{ name, directory }]));
    const data = places.find(({ name }) => name === 'data directory');
    const port = rows[0]?.port;
    if (data === undefined || port === undefined)
      return both(
        `The server does not tell this role where its files are: ${grant('pg_read_all_settings', session.server)}.`,
      );
    const foreign = await whyForeign(host, data.directory, { session, target, port });
    if (foreign !== undefined) return both(foreign);
    return { volumes: await volumes(host, places), memory: await memory(host) };
  } catch (error) {
    return both(sentenceOf(error));
  }
}

interface Asked {
  readonly session: Session;
  readonly target: Target;
  readonly port: number;
}

/** Why a directory of the host is not known to be the data directory of this server; undefined where it is. */
async function whyForeign(
  { files, label }: Host,
  directory: string,
  { session, target, port }: Asked,
): Promise<string | undefined> {
  let lock: string;
  try {
    lock = (await files.read(`${directory}/postmaster.pid`, SMALL)).toString('utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'EACCES' || code === 'EPERM'
      ? `The data directory ${directory} is not readable for this user: run pgdeck as the user of the server, on its machine.`
      : `The data directory ${directory} is not on ${label}: the server runs elsewhere, or in a container.`;
  }
  // pid, data directory, start in seconds since 1970, port
  const [pid, , started, listens] = lock.split('\n');
  const apart = Math.abs(Number(started) - session.server.startedAt / 1000);
  const alike = Number(listens) === port && apart <= BEGINNING_SECONDS;
  // two machines of a pair may have begun at the same time, with the same directories
  return alike && (isLocal({ target }) || (await parentOf(files, session.pid)) === Number(pid))
    ? undefined
    : `${directory} on ${label} is the data directory of another server: this one runs elsewhere, or in a container.`;
}

/** The process that has begun another one; undefined where that is not told. */
async function parentOf(files: HostFiles, pid: number): Promise<number | undefined> {
  const stat = await files.read(`/proc/${pid}/stat`, SMALL).catch(() => undefined);
  // the name, in parentheses, may hold anything
  const parent = stat?.toString('utf8').split(') ').at(-1)?.split(' ')[1];
  return parent === undefined ? undefined : Number(parent);
}

/** One for each file system, by the first directory in it. */
async function volumes({ files }: Host, places: readonly Place[]): Promise<Told<readonly VolumeFact[]>> {
  const found = new Map<number, VolumeFact>();
  for (const { name, directory } of places) {
    const facts = await files.facts(directory).catch(() => undefined);
    const space = await files.space(directory);
    if (facts === undefined || space === undefined)
      return { unknown: `It is not known what is free in ${directory} (${name}).` };
    if (!found.has(facts.device))
      found.set(facts.device, {
        name,
        totalBytes: space.total,
        freeBytes: space.free,
        device: facts.device,
      });
  }
  return { known: [...found.values()] };
}

async function memory({ files, platform, label }: Host): Promise<Told<number>> {
  const text =
    platform === 'linux'
      ? await files.read('/proc/meminfo', SMALL).then(
          (content) => content.toString('utf8'),
          () => '',
        )
      : '';
  const [, kilobytes] = /^MemTotal:\s+(\d+) kB$/m.exec(text) ?? [];
  return kilobytes === undefined
    ? { unknown: `How much memory there is on ${label} is not known.` }
    : { known: Number(kilobytes) * 1024 };
}
