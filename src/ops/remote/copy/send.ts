import { join } from 'node:path';
import { boundYoungSpace } from '../../../hosts/young-space.ts';
import { moment } from '../../../text/units.ts';
import { version } from '../../../version.ts';
import type { StepIo } from '../../engine/plan.ts';
import { diskError, readRegular } from '../../files/durable.ts';
import { groupOf } from '../../repository/group.ts';
import type { Manifest } from '../../repository/manifest.ts';
import type { Backup } from '../../repository/repository.ts';
import { isSafety } from '../../repository/safety.ts';
import { MANIFEST } from '../../repository/update.ts';
import { remoteErrors } from '../errors.ts';
import { Sealer } from '../seal/thread.ts';
import { Counted, fileSource, textSource } from '../store/read.ts';
import type { KnownSource, Source, Store, Stored, StoreIo } from '../store/store.ts';
import { begin, COPY, type Copy, type CopyFile, copyText, readCopy, storedPath } from './copy.ts';
import { filesThere, refuseLacking, refuseOthers, unnamed } from './there.ts';

export interface Sending {
  readonly store: Store;
  readonly backup: Backup & { readonly manifest: Manifest };
  /** For whom it is encrypted. */
  readonly recipients: readonly string[] | undefined;
  readonly now: Date;
}

/** Milliseconds after which it is said again that somebody is at it. */
const AGAIN_MS = 3_600_000;

/** A copy of a backup that pgdeck made; the one that is there where it is the same. Files that are there are not sent again. */
export async function sendCopy(
  { store, backup, recipients, now }: Sending,
  io: Pick<StepIo, 'signal' | 'progress' | 'line' | 'crashPoint'>,
): Promise<Copy> {
  const { id, path: home, manifest } = backup;
  const text = await readRegular(join(home, MANIFEST)).catch((error: unknown) => {
    throw diskError(error, 'readManifest', home);
  });
  const manifestSource = textSource(text);
  const all = manifest.files.reduce((total, { bytes }) => total + bytes, Buffer.byteLength(text));
  let done = 0;
  let bounded = false;
  let begunAt = 0;
  /** What was begun a day ago, and nothing came since, is taken for left behind. */
  const beginAgain = async () => {
    if (Date.now() - begunAt < AGAIN_MS) return;
    begunAt = Date.now();
    await begin(store, id, { signal: io.signal });
  };
  const storeIo: StoreIo = {
    signal: io.signal,
    onBytes: (more) => {
      done += more;
      // what is sent leaves garbage of half a MB each moment: more of it would only lie there for longer
      if (!bounded) bounded = boundYoungSpace();
      // a file may take a day; what is the matter there is told by the file itself
      void beginAgain().catch(() => {});
      // encrypted, it is a little more than it was
      io.progress({ label: 'copy', done: Math.min(done, all), of: all, unit: 'bytes' });
    },
  };
  const sealer = new Sealer();
  const sealedFor = recipients === undefined ? null : [...recipients];
  const there = await readCopy(store, id, storeIo);
  if (there.foreign) await refuseOthers(store, backup, storeIo);
  if (there.copy !== undefined && there.copy.created_at !== manifest.created_at)
    throw remoteErrors.another({ store: store.label, id, made: moment(there.copy.created_at) });
  await beginAgain();
  const kept = await filesThere(store, there, sealedFor, storeIo);
  let listed = there.copy !== undefined || there.unreadable === true;
  const put = async (path: string, plain: KnownSource): Promise<CopyFile> => {
    const place = storedPath({ recipients: sealedFor }, path);
    const was = kept.get(path);
    const same = was?.plain.bytes === plain.bytes && was.plain.sha256 === plain.sha256 ? was : undefined;
    if (sealedFor === null ? await store.has(id, place, plain, storeIo) : same !== undefined) {
      io.line(`${path} is there already.`);
      storeIo.onBytes?.(plain.bytes);
      const { bytes, sha256 } = plain;
      return same ?? { path, bytes, sha256, plain: { bytes, sha256 } };
    }
    // as it was it is no copy any more once a file of it is another
    if (listed) {
      await store.remove(id, [COPY], storeIo);
      listed = false;
      io.crashPoint('send:unlisted');
    }
    await beginAgain();
    const source = sealedFor === null ? plain : sealing(plain, path, sealedFor, sealer);
    const stored: Stored = await store.put(id, place, source, storeIo);
    io.line(`${path} is stored.`);
    io.crashPoint('send:file');
    return { path, ...stored, plain: { bytes: plain.bytes, sha256: plain.sha256 } };
  };
  const files: CopyFile[] = [];
  try {
    for (const { path, bytes, sha256 } of manifest.files)
      files.push(await put(path, fileSource(join(home, path), bytes, sha256)));
    files.push(await put(MANIFEST, manifestSource));
  } finally {
    await sealer.close();
  }
  const copy: Copy = {
    copy: 1,
    id,
    pushed_at: now.toISOString(),
    pgdeck: version,
    created_at: manifest.created_at,
    database: manifest.database.name,
    scope: manifest.scope,
    group: groupOf(backup),
    safety: isSafety(backup),
    pinned: manifest.pinned,
    good: backup.status === 'ok',
    recipients: sealedFor,
    bytes: files.reduce((total, file) => total + file.bytes, 0),
    files,
  };
  await refuseLacking(store, copy, storeIo);
  await store.settle?.(id, storeIo);
  io.crashPoint('send:last');
  await store.put(id, COPY, textSource(copyText(copy)), { signal: io.signal });
  await store.settle?.(id, storeIo);
  const { copy: read } = await readCopy(store, id, storeIo);
  if (read === undefined || JSON.stringify(read) !== JSON.stringify(copy))
    throw remoteErrors.altered({ store: store.label, path: COPY });
  // one before it was not encrypted, say, and its files would lie there for whoever can read them
  const left = await unnamed(store, copy, storeIo);
  await store.remove(id, left, storeIo);
  for (const path of left) io.line(`${path} of an earlier copy is removed.`);
  return copy;
}

/** A source that is encrypted on its way; what is read is compared with what it says all the same. */
function sealing(plain: KnownSource, path: string, recipients: readonly string[], sealer: Sealer): Source {
  return {
    bytes: undefined,
    most: sealedMost(plain.bytes, recipients.length),
    sha256: undefined,
    own: true,
    open: (signal) =>
      sealer.seal(new Counted(plain, path, { signal }).parts(), { kind: 'encrypt', recipients }),
  };
}

/** Bytes that age makes of so many, at most: 16 more of every 64 kB (its format, chapter Payload), and its header. */
const sealedMost = (bytes: number, recipients: number): number =>
  bytes + 16 * (Math.ceil(bytes / (64 << 10)) + 1) + HEADER + HEADER * recipients;
/** That of a recipient, as long as quantum computers make it, takes half of it. */
const HEADER = 4096;
