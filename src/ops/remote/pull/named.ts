import { isMaintenance } from '../../database/maintenance.ts';
import type { OpContext } from '../../engine/operation.ts';
import type { StepIo } from '../../engine/plan.ts';
import { type Manifest, manifestSchema } from '../../repository/manifest.ts';
import { NEWEST } from '../../repository/repository.ts';
import { isFromFuture } from '../../repository/safety.ts';
import { MANIFEST } from '../../repository/update.ts';
import { type Copy, type CopyFile, type Found, findCopies, MANIFEST_LIMIT, readCopy } from '../copy/copy.ts';
import { filesOfCopy } from '../copy/fetch.ts';
import { remoteErrors } from '../errors.ts';
import { knownOf } from '../known/known.ts';
import { refuseUnmounted } from '../known/mark.ts';
import { identitiesFor } from '../seal/identities.ts';
import { openStore } from '../store/open.ts';
import type { Store, StoreIo } from '../store/store.ts';

/** Milliseconds in which a store is looked at for a plan. */
const LOOK_MS = 60_000;

/** A copy that can be read. */
export interface Readable {
  readonly copy: Copy;
  /** Of the store. */
  readonly label: string;
  readonly identities: readonly string[];
  /** Of the backup. */
  readonly manifest: Manifest;
}

/**
 * The copy of that name, or the newest, and its manifest, which was read: an identity that is missing or a wrong one is known before
 * anything is fetched. `directory`: the repository. Throws {@link OpError}.
 */
export async function copyNamed(
  { id: named, identity }: { readonly id: string; readonly identity?: string | undefined },
  directory: string,
  context: Pick<OpContext, 'backup' | 'env' | 'home' | 'now' | 'secrets' | 'target'>,
): Promise<Readable> {
  const { remote } = context.backup;
  const io = { signal: AbortSignal.timeout(LOOK_MS) };
  const store = await openStore(remote, io.signal);
  try {
    await refuseUnmounted(store, await knownOf(directory, remote), io);
    const id = named === NEWEST ? await newestId(store, context.target.database, context.now(), io) : named;
    const { copy, foreign } = await readCopy(store, id, io);
    if (copy === undefined) throw remoteErrors[foreign ? 'noCopy' : 'unfinished']({ store: store.label, id });
    const identities = copy.recipients === null ? [] : await identitiesFor(context, identity);
    if (copy.recipients !== null && identities.length === 0)
      throw remoteErrors.needsIdentity({ id: copy.id });
    const fetching = { store, copy, identities };
    const manifest = await manifestIn(fetching, { ...io, progress: () => {} });
    return { copy, label: store.label, identities, manifest };
  } finally {
    await store.close();
  }
}

/** By the rule of what `newest` is of the backups here; of a maintenance database: of whatever is there. */
async function newestId(store: Store, database: string, now: Date, io: StoreIo): Promise<string> {
  const good = (await findCopies(store, io)).filter(
    ({ copy }) =>
      copy?.good &&
      copy.scope === 'full' &&
      !copy.safety &&
      (isMaintenance(database) || copy.database === database),
  );
  const ahead = ({ copy }: Found) => isFromFuture(Date.parse(copy?.created_at ?? ''), now);
  const found = good.find((one) => !ahead(one)) ?? good[0];
  if (found === undefined) throw remoteErrors.noNewest({ store: store.label, database });
  return found.id;
}

async function manifestIn(
  fetching: Parameters<typeof filesOfCopy>[0],
  io: Pick<StepIo, 'signal' | 'progress'>,
): Promise<Manifest> {
  const { copy, store } = fetching;
  const fits = ({ path, bytes, plain }: CopyFile) =>
    path === MANIFEST && Math.max(bytes, plain.bytes) <= MANIFEST_LIMIT;
  const only = { ...copy, files: copy.files.filter(fits) };
  for await (const { parts } of filesOfCopy({ ...fetching, copy: only }, io)) {
    const read: Uint8Array[] = [];
    for await (const part of parts) read.push(part);
    const parsed = manifestSchema.safeParse(jsonOf(Buffer.concat(read).toString()));
    if (parsed.success) return parsed.data;
  }
  throw remoteErrors.otherManifest({ store: store.label, id: copy.id });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
