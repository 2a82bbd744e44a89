import { statfs } from 'node:fs/promises';
import { bytes } from '../../../text/units.ts';
import type { OpContext } from '../../context.ts';
import type { Check } from '../../operation.ts';

/** A tablespace, and where it is on the server; null where this role may not know. */
export interface Place {
  readonly tablespace: string;
  readonly directory: string | null;
}

/** Whether the server's directories are this machine's, so that what is free there can be read. */
export function isLocal({ target }: OpContext): boolean {
  return target.host.startsWith('/') || ['localhost', '127.0.0.1', '::1'].includes(target.host);
}

/** Whether `need` bytes are free in a tablespace, as far as that can be known. */
export async function roomCheck(
  need: number,
  { tablespace, directory }: Place,
  local: boolean,
): Promise<Check> {
  const title = 'Disk';
  const needs = `up to ${bytes(need)} in the tablespace ${tablespace} at a time, and about as much WAL`;
  const free = local && directory !== null ? await freeIn(directory) : undefined;
  if (free === undefined)
    return { title, status: 'ok', detail: `It takes ${needs}: SQL cannot tell what is free there.` };
  if (free < need)
    return {
      title,
      status: 'block',
      detail: `It takes ${needs}, and ${bytes(free)} are free in ${directory}. Make room first.`,
    };
  return {
    title,
    status: free < 2 * need ? 'warn' : 'ok',
    detail: `It takes ${needs}; ${bytes(free)} are free in ${directory}.`,
  };
}

async function freeIn(directory: string): Promise<number | undefined> {
  try {
    const { bavail, bsize } = await statfs(directory);
    return bavail * bsize;
  } catch {
    // another machine's, or not to be seen
    return undefined;
  }
}
