import type { OpContext } from '../../engine/operation.ts';
import { type Found, findCopies } from '../copy/copy.ts';
import { remoteErrors } from '../errors.ts';
import { knownOf, noteListing } from '../known/known.ts';
import { refuseUnmounted } from '../known/mark.ts';
import { openStore } from '../store/open.ts';

/** Milliseconds in which a store is looked at. */
const LOOK_MS = 60_000;

/**
 * All that is in the profile's place for copies, newest first; what is there is noted in the repository `directory`.
 * Throws {@link OpError}.
 */
export async function listCopies(
  { backup: { remote } }: Pick<OpContext, 'backup'>,
  directory: string,
  now: Date,
): Promise<{ readonly label: string; readonly found: readonly Found[] }> {
  if (remote === undefined) throw remoteErrors.none();
  const io = { signal: AbortSignal.timeout(LOOK_MS) };
  const store = await openStore(remote, io.signal);
  try {
    await refuseUnmounted(store, await knownOf(directory, remote), io);
    const found = await findCopies(store, io);
    const copies = found.flatMap(({ copy }) => (copy === undefined ? [] : [copy]));
    // that it cannot be noted takes nothing from what was seen
    await noteListing(directory, remote, store.label, copies, now).catch(() => {});
    return { label: store.label, found };
  } finally {
    await store.close();
  }
}
