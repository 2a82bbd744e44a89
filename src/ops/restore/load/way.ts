import type { Host } from '../../../hosts/host.ts';
import { bytes } from '../../../text/units.ts';
import type { Archive } from '../../archive/kind.ts';
import { bytesOf, hasRoom } from '../../archive/staged.ts';
import type { Check } from '../../engine/plan.ts';
import { compared } from '../../programs/compared.ts';

/**
 * How an archive comes to the programs that load it: `read` where it is, `copied` to their host for the time of the
 * load, `streamed` into them. `none`: it would have to be copied, and there is no room.
 */
export type LoadWay = 'read' | 'copied' | 'streamed' | 'none';

/** Only text needs no copy for its own sake: in an archive pg_restore looks for what it wants. */
export async function loadWay(host: Host, archive: Archive): Promise<LoadWay> {
  if (host.transfer === undefined) return 'read';
  if (archive.kind !== 'custom' && archive.kind !== 'directory') return 'streamed';
  if (await hasRoom(host, await bytesOf(archive))) return 'copied';
  return archive.kind === 'custom' ? 'streamed' : 'none';
}

const TITLE = 'Way to the server';

/** The way that will be gone, for the plan; nothing where the programs are here. */
export async function wayChecks(host: Host, archive: Archive, jobs = 1): Promise<Check[]> {
  const way = await loadWay(host, archive);
  if (way === 'read' || host.transfer === undefined) return [];
  const size = bytes(await bytesOf(archive));
  const place = `${host.temporary} of ${host.label}`;
  if (way === 'none')
    return [
      {
        title: TITLE,
        status: 'block',
        detail: `${place} has no room for a copy of the archive, which takes ${size}, and a directory cannot be streamed. Make room there.`,
      },
    ];
  if (way === 'copied') {
    const { status, how } = compared(host.transfer);
    const detail = `The archive, ${size}, is copied to ${place}, ${how}, and removed after the load.`;
    return [{ title: TITLE, status, detail }];
  }
  if (archive.kind !== 'custom')
    return [{ title: TITLE, status: 'ok', detail: `The text is streamed to psql of ${host.label}.` }];
  return [
    {
      title: TITLE,
      status: 'warn',
      detail:
        `${place} has no room for a copy of the archive, which takes ${size}: it is streamed` +
        (jobs > 1 ? ', and loaded by one process instead of several.' : '.'),
    },
  ];
}
