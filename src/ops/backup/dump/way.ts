import type { Host } from '../../../hosts/host.ts';
import { capital } from '../../../text/capital.ts';
import { bytes } from '../../../text/units.ts';
import type { Check } from '../../engine/plan.ts';
import { compared } from '../../programs/compared.ts';
import type { ArchiveFormat } from '../../repository/manifest.ts';
import type { Estimate } from '../preflight/space.ts';
import type { DumpWay } from '../request.ts';

const TITLE = 'Way to the repository';
/** Of the file system, which the server's own files may be on. */
const LEFT = 0.05;

/**
 * Chooses by what is free there: a file is better, since pg_dump notes in it where what begins, but it must not fill the
 * server's disk. Nothing is chosen where the programs are on this machine. `raw` is what it takes when nothing can be
 * compressed.
 */
export async function chooseWay(
  host: Host,
  format: ArchiveFormat,
  estimate: Estimate,
  raw: number,
): Promise<{ way: DumpWay | undefined; checks: Check[] }> {
  if (host.transfer === undefined) return { way: undefined, checks: [] };
  // the archive is read to its end and its rows are compared all the same
  const { how, status } = compared(host.transfer);
  const place = `${host.temporary} of ${host.label}`;
  const space = await host.files.space(host.temporary).catch(() => undefined);
  const needed = estimate.measured ? estimate.bytes * 1.1 : Math.max(raw, estimate.bytes);
  const free = space === undefined ? undefined : space.free - space.total * LEFT;
  const said =
    space === undefined
      ? `how much is free in ${place} is not known`
      : `${bytes(space.free)} are free in ${place}, and it takes up to ${bytes(needed)}`;
  if (free !== undefined && free >= needed) {
    const detail = `It is written there and fetched in a copy that is ${how}: ${said}.`;
    return { way: 'written', checks: [{ title: TITLE, status, detail }] };
  }
  if (format === 'directory') {
    const more = 'A directory cannot be streamed: make room there, or choose --format custom.';
    const detail = `${capital(said)}. ${more}`;
    return {
      way: 'written',
      checks: [{ title: TITLE, status: space === undefined ? 'warn' : 'block', detail }],
    };
  }
  const more = format === 'custom' ? ' It is restored by several processes more slowly than a file.' : '';
  const detail = `It is streamed, and ${how}: ${said}.${more}`;
  return { way: 'streamed', checks: [{ title: TITLE, status, detail }] };
}
