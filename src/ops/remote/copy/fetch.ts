import { createHash } from 'node:crypto';
import { mkdir, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { boundYoungSpace } from '../../../hosts/young-space.ts';
import type { StepIo } from '../../engine/plan.ts';
import { OpError } from '../../error.ts';
import { diskError } from '../../files/durable.ts';
import { remoteErrors } from '../errors.ts';
import { SealError, Sealer } from '../seal/thread.ts';
import type { Store, StoreIo } from '../store/store.ts';
import { type Copy, type CopyFile, storedPath } from './copy.ts';

/** Times that the rest of a file is asked for without a byte more. */
const ATTEMPTS = 5;
/** Milliseconds before the second of them; twice as long each time. */
const PAUSE_MS = 200;

export interface Fetching {
  readonly store: Store;
  readonly copy: Copy;
  /** age's own; needed where it is encrypted. */
  readonly identities: readonly string[];
}

/**
 * Gives each file of a copy to who takes it, compared with what was stored and with what it was before: its end is an
 * error where either differs. Throws {@link OpError}.
 */
export async function* filesOfCopy(
  { store, copy, identities }: Fetching,
  io: Pick<StepIo, 'signal' | 'progress'>,
): AsyncGenerator<{ readonly file: CopyFile; readonly parts: AsyncIterable<Uint8Array> }> {
  let done = 0;
  let bounded = false;
  const storeIo: StoreIo = {
    signal: io.signal,
    onBytes: (more) => {
      done += more;
      if (!bounded) bounded = boundYoungSpace();
      io.progress({ label: 'fetch', done, of: copy.bytes, unit: 'bytes' });
    },
  };
  const sealer = new Sealer();
  try {
    for (const file of copy.files)
      yield { file, parts: plainParts({ store, copy, identities }, file, sealer, storeIo) };
  } finally {
    await sealer.close();
  }
}

/** Fetches a copy into a directory that is empty. */
export async function fetchCopy(
  fetching: Fetching,
  directory: string,
  io: Pick<StepIo, 'signal' | 'progress' | 'line' | 'crashPoint'>,
): Promise<void> {
  for await (const { file, parts } of filesOfCopy(fetching, io)) {
    const path = join(directory, file.path);
    try {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      const to = await open(path, 'wx', 0o600);
      try {
        for await (const part of parts) await to.writeFile(part);
        await to.sync();
      } finally {
        await to.close();
      }
    } catch (error) {
      throw diskError(error, 'writeBackup', path);
    }
    io.line(`${file.path} is here, every byte as it was.`);
    io.crashPoint('fetch:file');
  }
}

/** Reads a copy to its end and compares it; nothing is kept. */
export async function proveCopy(
  fetching: Fetching,
  io: Pick<StepIo, 'signal' | 'progress' | 'line'>,
): Promise<void> {
  for await (const { file, parts } of filesOfCopy(fetching, io)) {
    for await (const _ of parts);
    io.line(`${file.path}: every byte as it was.`);
  }
}

async function* plainParts(
  { store, copy, identities }: Fetching,
  file: CopyFile,
  sealer: Sealer,
  io: StoreIo,
): AsyncGenerator<Uint8Array> {
  const at = { store: store.label, path: file.path };
  const stored = storedParts(store, copy, file, io);
  if (copy.recipients === null) {
    yield* stored;
    return;
  }
  const hash = createHash('sha256');
  let bytes = 0;
  try {
    for await (const part of sealer.seal(stored, { kind: 'decrypt', identities })) {
      hash.update(part);
      bytes += part.length;
      if (bytes > file.plain.bytes) throw remoteErrors.altered(at);
      yield part;
    }
  } catch (error) {
    if (!(error instanceof SealError)) throw error;
    throw error.foreign ? remoteErrors.otherIdentity(at, error) : remoteErrors.altered(at, error);
  }
  if (bytes !== file.plain.bytes || hash.digest('hex') !== file.plain.sha256) throw remoteErrors.altered(at);
}

/** As it is stored: asked for again from where it broke off, and no more than was stored. */
async function* storedParts(
  store: Store,
  copy: Copy,
  file: CopyFile,
  io: StoreIo,
): AsyncGenerator<Uint8Array> {
  const at = { store: store.label, path: file.path };
  const hash = createHash('sha256');
  let got = 0;
  for (let failures = 0; got < file.bytes; ) {
    const before = got;
    let fault: unknown;
    try {
      for await (const part of store.get(copy.id, storedPath(copy, file.path), got, io)) {
        got += part.length;
        if (got > file.bytes) throw remoteErrors.altered(at);
        hash.update(part);
        io.onBytes?.(part.length);
        yield part;
      }
    } catch (error) {
      if (!isPassing(error)) throw error;
      fault = error;
    }
    if (got >= file.bytes) break;
    failures = got > before ? 1 : failures + 1;
    if (failures >= ATTEMPTS) throw fault ?? remoteErrors.cut({ ...at, got, size: file.bytes });
    await delay(PAUSE_MS * 2 ** failures, undefined, { signal: io.signal }).catch((error: unknown) => {
      throw remoteErrors.cancelled({ store: store.label }, error);
    });
  }
  if (hash.digest('hex') !== file.sha256) throw remoteErrors.altered(at);
}

/** What may be otherwise a moment later. */
const isPassing = (error: unknown): boolean =>
  error instanceof OpError && (error.code === 'remote.unreachable' || error.code === 'remote.failing');
