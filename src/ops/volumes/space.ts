import { bytes } from '../../text/units.ts';
import type { Check } from '../engine/plan.ts';
import type { Room, Seen } from './look.ts';

/** What a restore of a volume takes, in bytes. */
export interface Takes {
  /** Its archive, which is copied into a container. */
  readonly archive: number;
  /** What is in the archive. */
  readonly content: number;
}

const title = 'Free space';

/**
 * Whether there is room where docker keeps its volumes and containers: for a copy of what is there now, for the archive,
 * and for what comes out of it beyond that; a directory of the machine may lie on another disk. `seen` is undefined where
 * the volume is not there yet.
 */
export function roomChecks(room: Room, seen: Seen | undefined, takes: Takes, accepted: boolean): Check[] {
  const now = seen === undefined ? 0 : seen.bytes;
  if (room === undefined || now === undefined)
    return [
      {
        title,
        status: 'warn',
        detail: `How much is ${room === undefined ? 'free there' : `in it now`} is not told; the restore takes that again, and ${bytes(takes.archive + takes.content)}.`,
      },
    ];
  const more = Math.max(0, takes.content - now);
  const own = seen?.room;
  // the file systems of a container have other names than their disks: these are told apart by their size
  const apart = own !== undefined && own.total !== room.total;
  const needed = now + takes.archive + (apart ? 0 : more);
  const copy = now === 0 ? '' : `a copy of what is there now (${bytes(now)}), `;
  return [
    roomCheck(
      'where docker keeps its volumes',
      room.free,
      needed,
      `${copy}the archive and its files`,
      accepted,
    ),
    ...(apart ? [roomCheck(`on the disk of ${seen?.name}`, own.free, more, 'its files', accepted)] : []),
  ];
}

function roomCheck(where: string, free: number, needed: number, what: string, accepted: boolean): Check {
  const detail = `${bytes(free)} are free ${where}; the restore takes up to ${bytes(needed)}: ${what}.`;
  if (free >= needed) return { title, status: 'ok', detail };
  if (accepted) return { title, status: 'warn', detail: `${detail} That was accepted.` };
  return {
    title,
    status: 'block',
    detail: `${detail} Make room there: docker system df.`,
    answer: { field: 'accept', value: 'space' },
  };
}

/** What keeps the content of a volume from being replaced. */
export function shapeChecks({ name, isFile, nested }: Seen): Check[] {
  const check = (detail: string): Check => ({ title: 'Volume', status: 'block', detail });
  if (isFile) return [check(`${name} is one file that is mounted now, and no directory.`)];
  return nested.map((path) =>
    check(
      `Another file system is mounted at ${path} of ${name}, which cannot be emptied with it: unmount it, or unpack the archive by hand.`,
    ),
  );
}
