import type { Manifest } from '../../repository/manifest.ts';
import { MANIFEST } from '../../repository/update.ts';
import { remoteErrors } from '../errors.ts';
import type { Store, StoreIo } from '../store/store.ts';
import { BEGUN, COPY, type Copy, type CopyFile, type Found, SEALED, storedPath } from './copy.ts';

const sizesOf = async (store: Store, id: string, io: StoreIo): Promise<ReadonlyMap<string, number>> =>
  new Map((await store.files(id, io)).map(({ path, bytes }) => [path, bytes]));

/** Throws {@link OpError} where there are files of that name that no copy of the backup has: what begins is removed one day. */
export async function refuseOthers(
  store: Store,
  { id, manifest }: { readonly id: string; readonly manifest: Pick<Manifest, 'files'> },
  io: StoreIo,
): Promise<void> {
  const paths = [MANIFEST, ...manifest.files.map(({ path }) => path)];
  const own = new Set(paths.flatMap((path) => [path, path + SEALED]));
  const other = (await store.files(id, io)).find(({ path }) => !own.has(path));
  if (other !== undefined) throw remoteErrors.taken({ store: store.label, id, path: other.path });
}

/** The files of a copy for the same recipients that are there as it says, by their paths. */
export async function filesThere(
  store: Store,
  { id, copy }: Found,
  recipients: readonly string[] | null,
  io: StoreIo,
): Promise<ReadonlyMap<string, CopyFile>> {
  const key = (of: readonly string[] | null) => JSON.stringify(of?.toSorted() ?? null);
  if (copy === undefined || key(copy.recipients) !== key(recipients)) return new Map();
  const there = await sizesOf(store, id, io);
  const same = new Map<string, CopyFile>();
  for (const file of copy.files) {
    const path = storedPath(copy, file.path);
    if (there.get(path) !== file.bytes) continue;
    // a bucket tells a sum only where it was told one; against bytes that alter it has sums of its own
    if (store.kind !== 's3' && !(await store.has(id, path, file, io))) continue;
    same.set(file.path, file);
  }
  return same;
}

/** Paths below its name that a copy does not name. */
export async function unnamed(store: Store, copy: Copy, io: StoreIo): Promise<string[]> {
  const named = new Set([COPY, BEGUN, ...copy.files.map(({ path }) => storedPath(copy, path))]);
  return [...(await sizesOf(store, copy.id, io)).keys()].filter((path) => !named.has(path));
}

/** All that is named is there with its size, as the store itself lists it, before it becomes a copy. */
export async function refuseLacking(store: Store, copy: Copy, io: StoreIo): Promise<void> {
  const sizes = await sizesOf(store, copy.id, io);
  for (const file of copy.files) {
    const path = storedPath(copy, file.path);
    const there = sizes.get(path) ?? 0;
    if (there !== file.bytes)
      throw remoteErrors.notWhole({ store: store.label, path, there, size: file.bytes });
  }
}
