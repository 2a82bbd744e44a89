import type { CompletedPart, S3Client } from '@aws-sdk/client-s3';
import { giveBack } from '../seal/thread.ts';
import type { Source } from './store.ts';

/** Bytes of a part, where that makes no more of them than {@link MOST_PARTS}; S3 takes 5 MiB at least. */
const PART = 6 << 20;
/** S3 takes 10,000. */
const MOST_PARTS = 9_000;
/** Where nothing is known of the size: so large a part carries 576 GB. */
const UNKNOWN_PART = 64 << 20;
/** Parts that are on their way at once, while one more is filled. */
const AT_ONCE = 2;
/** Milliseconds to end an upload that has failed: the store may be what failed. */
const TIDY_MS = 10_000;

export interface Uploading {
  readonly client: S3Client;
  /** The package, which is loaded when a bucket is opened. */
  readonly sdk: typeof import('@aws-sdk/client-s3');
  readonly to: {
    readonly Bucket: string;
    readonly Key: string;
    readonly Metadata?: Record<string, string>;
  };
}

/**
 * Sends what a source gives in parts, or as one where it is small: none of it is an object before all of it is there,
 * and what fails or is cancelled leaves no part. Upload of lib-storage does that, too, but makes each part anew (3.1175),
 * and V8 collects none of them before 64 MB wait: here three are filled again and again. Throws what the client throws.
 */
export async function upload(
  { client, sdk, to }: Uploading,
  { bytes, most = bytes, own = false }: Source,
  pieces: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<void> {
  const size = most === undefined ? UNKNOWN_PART : Math.max(PART, Math.ceil(most / MOST_PARTS));
  const parts = new Parts({ client, sdk, to }, signal);
  try {
    let part: Buffer = Buffer.allocUnsafeSlow(Math.min(size, most ?? size));
    let filled = 0;
    for await (const piece of pieces) {
      for (let taken = 0; taken < piece.length; ) {
        if (filled === part.length) {
          await parts.send(part);
          [part, filled] = [parts.spare() ?? Buffer.allocUnsafeSlow(size), 0];
        }
        const more = piece.subarray(taken, taken + part.length - filled);
        part.set(more, filled);
        filled += more.length;
        taken += more.length;
      }
      if (own) giveBack(piece);
    }
    const last = part.subarray(0, filled);
    if (parts.count > 0) return await parts.end(last);
    await client.send(new sdk.PutObjectCommand({ ...to, Body: last }), { abortSignal: signal });
  } catch (error) {
    await parts.abort();
    throw error;
  }
}

/** What is sent in parts. */
class Parts {
  /** Parts that were sent, or are on their way. */
  count = 0;
  readonly #uploading: Uploading;
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  readonly #sent: CompletedPart[] = [];
  readonly #flying = new Set<Promise<void>>();
  readonly #spare: Buffer[] = [];
  #at: { Bucket: string; Key: string; UploadId: string } | undefined;
  #fault: { readonly error: unknown } | undefined;

  constructor(uploading: Uploading, signal: AbortSignal) {
    this.#uploading = uploading;
    this.#signal = AbortSignal.any([signal, this.#stop.signal]);
  }

  /** One that was sent, and can be filled again. */
  spare(): Buffer | undefined {
    return this.#spare.pop();
  }

  /** Sends one once there is a place for it; it is written to no more before it is spare again. */
  async send(part: Buffer): Promise<void> {
    const { client, sdk } = this.#uploading;
    const at = this.#at ?? (await this.#begin());
    await this.#landed(AT_ONCE - 1);
    this.count += 1;
    const PartNumber = this.count;
    const one = client
      .send(new sdk.UploadPartCommand({ ...at, PartNumber, Body: part }), { abortSignal: this.#signal })
      .then(({ ETag, ChecksumCRC32 }) => {
        if (ETag === undefined) throw new Error(`part ${PartNumber} got no name`);
        this.#sent.push({ PartNumber, ETag, ...(ChecksumCRC32 !== undefined && { ChecksumCRC32 }) });
        this.#spare.push(part);
      })
      .catch((error: unknown) => {
        this.#fault ??= { error };
        this.#stop.abort();
      })
      .finally(() => this.#flying.delete(one));
    this.#flying.add(one);
  }

  /** Sends the last one, which may be shorter, and makes an object of all. */
  async end(last: Buffer): Promise<void> {
    const { client, sdk } = this.#uploading;
    await this.send(last);
    await this.#landed(0);
    const Parts = this.#sent.sort((a, b) => (a.PartNumber ?? 0) - (b.PartNumber ?? 0));
    const end = new sdk.CompleteMultipartUploadCommand({ ...this.#begun(), MultipartUpload: { Parts } });
    await client.send(end, { abortSignal: this.#signal });
  }

  /** Ends what was begun, once nothing of it is on its way. */
  async abort(): Promise<void> {
    const { client, sdk } = this.#uploading;
    this.#stop.abort();
    await Promise.all(this.#flying);
    if (this.#at === undefined) return;
    const abortSignal = AbortSignal.timeout(TIDY_MS);
    await client.send(new sdk.AbortMultipartUploadCommand(this.#at), { abortSignal }).catch(() => {});
  }

  async #begin() {
    const { client, sdk, to } = this.#uploading;
    // where the client reckons one for each part, S3 takes it only if it was announced
    const checked = (await client.config.requestChecksumCalculation()) === 'WHEN_SUPPORTED';
    const begin = new sdk.CreateMultipartUploadCommand({
      ...to,
      ...(checked && { ChecksumAlgorithm: 'CRC32' as const }),
    });
    const { UploadId } = await client.send(begin, { abortSignal: this.#signal });
    if (UploadId === undefined) throw new Error('the upload that was begun got no name');
    this.#at = { Bucket: to.Bucket, Key: to.Key, UploadId };
    return this.#at;
  }

  #begun() {
    if (this.#at === undefined) throw new Error('nothing was begun');
    return this.#at;
  }

  async #landed(most: number): Promise<void> {
    while (this.#flying.size > most) await Promise.race(this.#flying);
    if (this.#fault !== undefined) throw this.#fault.error;
  }
}
