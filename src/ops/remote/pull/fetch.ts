import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bytes } from '../../../text/units.ts';
import type { OpContext } from '../../engine/operation.ts';
import type { Check, StepIo } from '../../engine/plan.ts';
import { diskError } from '../../files/durable.ts';
import type { Manifest } from '../../repository/manifest.ts';
import { placeOf } from '../../repository/place.ts';
import { discard, type PartialBackup, partialDirectory, publish } from '../../repository/publish.ts';
import { type Backup, findBackup } from '../../repository/repository.ts';
import { readManifest } from '../../repository/update.ts';
import type { Copy } from '../copy/copy.ts';
import { fetchCopy } from '../copy/fetch.ts';
import { remoteErrors } from '../errors.ts';
import { openStore } from '../store/open.ts';
import { sweepFetched } from './leftovers.ts';

/** A copy, and what reads it. */
export interface Wanted {
  readonly copy: Copy;
  /** age's own; needed where it is encrypted. */
  readonly identities: readonly string[];
}

/** Bytes that a copy takes once it is here. */
export const sizeHere = ({ files }: Pick<Copy, 'files'>): number =>
  files.reduce((sum, { plain }) => sum + plain.bytes, 0);

/** Where a copy is put: the repository, or what is temporary where only that has room. */
export interface Landing {
  readonly kind: 'repository' | 'temporary';
  readonly directory: string;
  readonly check: Check;
}

/** Decides by the room that there is. */
export async function landing(copy: Copy, repository: string, { here }: OpContext): Promise<Landing> {
  const title = 'Room';
  const needed = sizeHere(copy);
  const freeAt = async (place: string) => here.files.free(await placeOf(place)).catch(() => undefined);
  const free = await freeAt(repository);
  if (free === undefined || free > needed) {
    const told = free === undefined ? 'it does not say how much is free' : `${bytes(free)} are free`;
    const detail = `${bytes(needed)} are needed in ${repository}, and ${told}.`;
    return { kind: 'repository', directory: repository, check: { title, status: 'ok', detail } };
  }
  const temporary = tmpdir();
  const other = (await freeAt(temporary)) ?? 0;
  const lack = `${bytes(needed)} are needed; ${repository} has ${bytes(free)}`;
  return other > needed
    ? {
        kind: 'temporary',
        directory: temporary,
        check: {
          title,
          status: 'warn',
          detail: `${lack}, so it comes into ${temporary}, which has ${bytes(other)}, and is removed at the end.`,
        },
      }
    : {
        kind: 'temporary',
        directory: temporary,
        check: {
          title,
          status: 'block',
          detail: `${lack}, and ${temporary} has ${bytes(other)}. Make room in one of them, or name another directory with --dir.`,
        },
      };
}

/** Fetches a copy into a repository, where it is listed from then on; its name there. Throws {@link OpError}. */
export async function fetchInto(
  io: StepIo,
  context: OpContext,
  wanted: Wanted,
  directory: string,
): Promise<string> {
  let partial: PartialBackup | undefined;
  try {
    await sweepFetched(directory, wanted.copy.id);
    partial = await partialDirectory(directory, wanted.copy.id, io.run);
    io.record({ repository: directory, partial: partial.path });
    const manifest = await fetched(io, context, wanted, partial.path);
    io.crashPoint('fetch:whole');
    await publish(partial, { ...manifest, id: partial.id });
    return partial.id;
  } catch (error) {
    if (partial !== undefined) await discard(partial);
    throw error;
  }
}

/** Fetches a copy for as long as `work` is at it; nobody lists it. Throws {@link OpError}. */
export async function whileFetched<T>(
  io: StepIo,
  context: OpContext,
  wanted: Wanted,
  { kind, directory }: Pick<Landing, 'kind' | 'directory'>,
  work: (backup: Backup) => Promise<T>,
): Promise<T> {
  const inside = async (path: string): Promise<T> => {
    await mkdir(path, { mode: 0o700 }).catch((error: unknown) => {
      throw diskError(error, 'writeBackup', path);
    });
    await fetched(io, context, wanted, path);
    return await work(await findBackup(directory, path));
  };
  if (kind === 'temporary')
    return await io.here.withWorkspace((workspace) => inside(workspace.path(wanted.copy.id)));
  await sweepFetched(directory, wanted.copy.id);
  const partial = await partialDirectory(directory, wanted.copy.id, io.run);
  io.record({ repository: directory, partial: partial.path });
  try {
    return await inside(join(partial.path, wanted.copy.id));
  } finally {
    await discard(partial);
  }
}

async function fetched(
  io: StepIo,
  context: OpContext,
  { copy, identities }: Wanted,
  path: string,
): Promise<Manifest> {
  const store = await openStore(context.backup.remote, io.signal);
  try {
    await fetchCopy({ store, copy, identities }, path, io);
    const manifest = await readManifest(path);
    refuseOthers(manifest, copy, store.label);
    return manifest;
  } finally {
    await store.close();
  }
}

/** The manifest is the copy's own: it names the files that came, and what they are. */
function refuseOthers({ id, files }: Manifest, copy: Copy, store: string): void {
  const sums = new Map(copy.files.map(({ path, plain }) => [path, plain.sha256]));
  const same =
    id === copy.id &&
    files.length === copy.files.length - 1 &&
    files.every(({ path, sha256 }) => sums.get(path) === sha256);
  if (!same) throw remoteErrors.otherManifest({ store, id: copy.id });
}
