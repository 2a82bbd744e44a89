import { basename } from 'node:path';
import { PARTIAL } from '../../repository/names.ts';
import { discard } from '../../repository/publish.ts';
import { findPartials } from '../../repository/sweep.ts';

/** Removes what runs that were killed have left of the same copy: it would only take room, and the name. */
export async function sweepFetched(directory: string, id: string): Promise<void> {
  for (const { path, dead } of await findPartials(directory)) {
    const name = basename(path, PARTIAL);
    const numbered = name.startsWith(`${id}-`) && /^\d+$/.test(name.slice(id.length + 1));
    if (dead && (name === id || numbered)) await discard({ path });
  }
}
