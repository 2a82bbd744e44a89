import { bytes } from '../../../text/units.ts';
import type { OpContext } from '../../engine/operation.ts';
import type { Check } from '../../engine/plan.ts';
import { isLocal } from '../../files/disk.ts';

/** A tablespace, and where it is on the server; null where this role may not know. */
export interface TablespaceLocation {
  readonly tablespace: string;
  readonly directory: string | null;
}

/** Whether `need` bytes are free in a tablespace, as far as that can be known. */
export async function roomCheck(
  need: number,
  { tablespace, directory }: TablespaceLocation,
  context: Pick<OpContext, 'host' | 'target'>,
): Promise<Check> {
  const title = 'Disk';
  const needs = `up to ${bytes(need)} in the tablespace ${tablespace} at a time, and about as much WAL`;
  // a host that cannot be reached says nothing of its disks
  const free =
    isLocal(context) && directory !== null
      ? await context.host.files.free(directory).catch(() => undefined)
      : undefined;
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
