import { LOG_DIRECTORY, serverDirectories } from '../../db/queries/directories.ts';
import { grant } from '../../db/server.ts';
import type { Session } from '../../db/session.ts';
import type { Target } from '../../db/target.ts';
import type { Outside, Told, VolumeFact } from '../../health/outside.ts';
import type { Host } from '../../hosts/host.ts';
import { sentenceOf } from '../../ops/error.ts';
import { sizeOf } from '../../ops/files/machine-size.ts';
import { serverProcess } from '../../ops/files/server-process.ts';

type Place = { readonly name: string; readonly directory: string };

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
    const server = await serverProcess(host, data.directory, { session, target, port });
    if ('foreign' in server) return both(server.foreign);
    const { memory } = await sizeOf(host, server.pid);
    return {
      volumes: await volumes(host, places),
      memory:
        memory === undefined
          ? { unknown: `How much memory there is on ${host.label} is not known.` }
          : { known: memory },
    };
  } catch (error) {
    return both(sentenceOf(error));
  }
}

/** One for each file system, by the first directory in it. */
async function volumes({ files }: Host, places: readonly Place[]): Promise<Told<readonly VolumeFact[]>> {
  const found = new Map<number, VolumeFact>();
  const all = await files.factsOf(places.map(({ directory }) => directory));
  for (const [at, { name, directory }] of places.entries()) {
    const facts = all[at];
    // what is on a file system that was looked at is free in the same room
    if (facts !== undefined && found.has(facts.device)) continue;
    const space = await files.space(directory);
    // what of the log is not seen hides nothing of the data
    if (name === LOG_DIRECTORY && (facts === undefined || space === undefined)) continue;
    if (facts === undefined || space === undefined)
      return { unknown: `It is not known what is free in ${directory} (${name}).` };
    found.set(facts.device, {
      name,
      totalBytes: space.total,
      freeBytes: space.free,
      device: facts.device,
    });
  }
  return { known: [...found.values()] };
}
