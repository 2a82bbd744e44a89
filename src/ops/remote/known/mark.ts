import type { RemoteSettings } from '../../../config/remote.ts';
import type { Host } from '../../../hosts/host.ts';
import type { Check } from '../../engine/plan.ts';
import { remoteErrors } from '../errors.ts';
import { textSource } from '../store/read.ts';
import type { Store, StoreIo } from '../store/store.ts';
import { type Known, noteMarked } from './known.ts';

/**
 * What the first copy leaves in a directory. Where a disk is not mounted its mount point is an empty directory that can
 * be written: copies would fill the disk below it, and all there were would seem to be gone.
 */
export const MARK = '.pgdeck-copies';
const TEXT = 'pgdeck keeps copies of backups here. While this file is here it knows the disk again.\n';

const has = async (store: Store, io: StoreIo): Promise<boolean> =>
  (await store.read('', MARK, 1 << 16, io)) !== undefined;

/** Throws {@link OpError} where a directory had its mark and has none now. */
export async function refuseUnmounted(store: Store, known: Known | undefined, io: StoreIo): Promise<void> {
  if (store.kind === 's3' || known?.marked !== true) return;
  // a directory that is not there says so itself
  await store.names(io);
  if (!(await has(store, io))) throw remoteErrors.unmounted({ store: store.label, marker: MARK });
}

/**
 * Throws {@link OpError} where copies would go into the repository itself: they would be of no use, and what removes unfinished copies
 * would find backups.
 */
export async function refuseSame(
  remote: RemoteSettings,
  directory: string,
  { files }: Pick<Host, 'files'>,
): Promise<void> {
  if (remote.kind === 's3' || (remote.kind === 'host' && remote.runs_on.kind !== 'local')) return;
  const [there, here] = await Promise.all(
    [remote.path, directory].map((path) => files.facts(path).catch(() => undefined)),
  );
  if (there !== undefined && there.device === here?.device && there.inode === here.inode)
    throw remoteErrors.same({ path: remote.path });
}

/** Leaves the mark where it is not yet. Throws {@link OpError}. */
export async function mark(
  store: Store,
  directory: string,
  settings: RemoteSettings,
  known: Known | undefined,
  io: StoreIo,
): Promise<void> {
  if (store.kind === 's3') return;
  await refuseUnmounted(store, known, io);
  if (!(await has(store, io))) await store.put('', MARK, textSource(TEXT), io);
  if (known?.marked !== true) await noteMarked(directory, settings, store.label);
}

/** Whether a directory is a disk of its own, and how it is known again. */
export async function diskChecks(
  store: Store,
  settings: RemoteSettings,
  known: Known | undefined,
  directory: string,
  here: Host,
): Promise<Check[]> {
  if (store.kind === 's3') return [];
  const checks: Check[] = [];
  if (known?.marked !== true)
    checks.push({
      title: 'Mark',
      status: 'ok',
      detail: `The first copy leaves ${MARK} in ${store.label}: where that is missing later, the disk is not mounted, and nothing is written.`,
    });
  if (store.kind !== 'directory') return checks;
  const [there, repository] = await Promise.all(
    [(settings as { path: string }).path, directory].map((path) =>
      here.files.facts(path).catch(() => undefined),
    ),
  );
  if (there !== undefined && there.device === repository?.device)
    checks.push({
      title: 'Disk',
      status: 'warn',
      detail: `${store.label} is on the same disk as ${directory}: what takes one takes both. If another disk belongs there, mount it first.`,
    });
  return checks;
}
