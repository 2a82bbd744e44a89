import type { ListMultipartUploadsCommandOutput, S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import type { S3Settings } from '../../../config/remote.ts';
import { remoteErrors } from '../errors.ts';
import { Counted } from './read.ts';
import { s3Failure } from './s3-failure.ts';
import { upload } from './s3-upload.ts';
import type { Store, StoredObject, StoreIo } from './store.ts';

/** Milliseconds. */
const CONNECT_MS = 10_000;
/** Milliseconds without a byte. */
const IDLE_MS = 60_000;
/** Of one request, with growing pauses between them. */
const ATTEMPTS = 5;
/** Files that are removed at the same time. */
const REMOVED_AT_ONCE = 8;
const UNENDED = 'its list goes on, and does not say where';
/** Of a list that was asked for so: a space may be `+` there. */
const decoded = (text: string) => decodeURIComponent(text.replaceAll('+', ' '));

/**
 * A bucket of S3, or of what speaks its language. The package is loaded only here, since it takes longer than all the
 * rest of pgdeck. Credentials are what its usual chain finds: the environment, ~/.aws, a role.
 */
export async function s3Store(settings: S3Settings): Promise<Store> {
  const sdk = await import('@aws-sdk/client-s3');
  const { bucket, endpoint, region } = settings;
  const prefix = settings.prefix === undefined ? '' : `${settings.prefix.replace(/\/$/, '')}/`;
  const label = `s3://${bucket}/${prefix}`.replace(/\/$/, '');
  const client: S3Client = new sdk.S3Client({
    ...(region === undefined ? (endpoint === undefined ? {} : { region: 'us-east-1' }) : { region }),
    ...(endpoint !== undefined && { endpoint, forcePathStyle: true }),
    // others than AWS refuse the checksums that it sends of itself from 3.729 on (aws-sdk-js-v3 6810)
    ...(endpoint !== undefined && {
      requestChecksumCalculation: 'WHEN_REQUIRED' as const,
      responseChecksumValidation: 'WHEN_REQUIRED' as const,
    }),
    maxAttempts: ATTEMPTS,
    requestHandler: { connectionTimeout: CONNECT_MS, requestTimeout: IDLE_MS, throwOnRequestTimeout: true },
  });
  const keyOf = (name: string, path: string) => `${prefix}${name}/${path}`;
  const doing = async <T>(what: string, io: StoreIo, work: () => Promise<T>): Promise<T> => {
    try {
      io.signal.throwIfAborted();
      return await work();
    } catch (error) {
      throw s3Failure(error, { store: label, bucket, what, cancelled: io.signal.aborted });
    }
  };
  const at = (name: string, path: string) => ({ Bucket: bucket, Key: keyOf(name, path) });

  async function* listed(below: string, io: StoreIo, delimiter?: string) {
    for (let token: string | undefined, more = true; more; ) {
      const page = await client.send(
        new sdk.ListObjectsV2Command({
          Bucket: bucket,
          Prefix: below,
          // XML has no place for some characters that a key may have
          EncodingType: 'url',
          ...(delimiter !== undefined && { Delimiter: delimiter }),
          ...(token !== undefined && { ContinuationToken: token }),
        }),
        { abortSignal: io.signal },
      );
      yield { ...page, plain: page.EncodingType === 'url' ? decoded : (text: string) => text };
      more = page.IsTruncated === true;
      const next = page.NextContinuationToken;
      if (more && (next === undefined || next === token)) throw new Error(UNENDED);
      token = next;
    }
  }

  /** Uploads that were begun below the prefix. */
  const uploadsBelow = async (io: StoreIo) => {
    const found: { Key: string; UploadId: string; begun: Date }[] = [];
    for (let from: { KeyMarker?: string; UploadIdMarker?: string } | undefined = {}; from !== undefined; ) {
      const page: ListMultipartUploadsCommandOutput = await client.send(
        new sdk.ListMultipartUploadsCommand({ Bucket: bucket, Prefix: prefix, EncodingType: 'url', ...from }),
        { abortSignal: io.signal },
      );
      const plain = page.EncodingType === 'url' ? decoded : (text: string) => text;
      for (const { Key, UploadId, Initiated } of page.Uploads ?? [])
        if (Key !== undefined && UploadId !== undefined && Initiated !== undefined)
          found.push({ Key: plain(Key), UploadId, begun: Initiated });
      const KeyMarker: string | undefined = page.NextKeyMarker && plain(page.NextKeyMarker);
      const UploadIdMarker = page.NextUploadIdMarker;
      if (page.IsTruncated !== true) return found;
      if (!KeyMarker || (KeyMarker === from.KeyMarker && UploadIdMarker === from.UploadIdMarker))
        throw new Error(UNENDED);
      from = { KeyMarker, ...(UploadIdMarker !== undefined && { UploadIdMarker }) };
    }
    return found;
  };

  return {
    kind: 's3',
    label,
    names: (io) =>
      doing('list copies', io, async () => {
        const names: string[] = [];
        for await (const { CommonPrefixes = [], plain } of listed(prefix, io, '/'))
          for (const { Prefix } of CommonPrefixes)
            if (Prefix !== undefined) names.push(plain(Prefix).slice(prefix.length).replace(/\/$/, ''));
        // others may have keys with two slashes; no copy is called so, as in a directory
        return names.filter((name) => name !== '' && !name.startsWith('.'));
      }),
    files: (name, io) =>
      doing('list a copy', io, async () => {
        const files: StoredObject[] = [];
        const below = keyOf(name, '');
        for await (const { Contents = [], plain } of listed(below, io))
          for (const { Key, Size = 0, LastModified } of Contents) {
            const path = plain(Key ?? '').slice(below.length);
            if (path !== '') files.push({ path, bytes: Size, modified: LastModified?.getTime() ?? 0 });
          }
        return files;
      }),
    read: (name, path, limit, io) =>
      doing('read a file', io, async () => {
        try {
          const { Body } = await client.send(new sdk.GetObjectCommand(at(name, path)), {
            abortSignal: io.signal,
          });
          const parts: Uint8Array[] = [];
          let size = 0;
          // leaving it early ends the answer
          for await (const part of (Body ?? []) as AsyncIterable<Buffer>) {
            size += part.length;
            if (size > limit) return undefined;
            parts.push(part);
          }
          return Buffer.concat(parts);
        } catch (error) {
          if (error instanceof sdk.NoSuchKey || (error as Error).name === 'NotFound') return undefined;
          throw error;
        }
      }),
    put: (name, path, source, io) =>
      doing('store a file', io, async () => {
        const counted = new Counted(source, path, io);
        const metadata = source.sha256 === undefined ? {} : { Metadata: { sha256: source.sha256 } };
        await upload(
          { client, sdk, to: { ...at(name, path), ...metadata } },
          source,
          counted.parts(),
          io.signal,
        );
        const { stored } = counted;
        const head = await client.send(new sdk.HeadObjectCommand(at(name, path)), { abortSignal: io.signal });
        if (head.ContentLength !== stored.bytes)
          throw remoteErrors.notWhole({
            store: label,
            path,
            there: head.ContentLength ?? 0,
            size: stored.bytes,
          });
        return stored;
      }),
    has: (name, path, { bytes, sha256 }, io) =>
      doing('look at a file', io, async () => {
        if (bytes === undefined || sha256 === undefined) return false;
        try {
          const head = await client.send(new sdk.HeadObjectCommand(at(name, path)), {
            abortSignal: io.signal,
          });
          // what it calls its checksum depends on how it was sent: ours went along
          return head.ContentLength === bytes && head.Metadata?.sha256 === sha256;
        } catch (error) {
          if ((error as Error).name === 'NotFound') return false;
          throw error;
        }
      }),
    get: async function* (name, path, from, io) {
      const range = from > 0 ? { Range: `bytes=${from}-` } : {};
      try {
        const { Body, $metadata } = await client.send(
          new sdk.GetObjectCommand({ ...at(name, path), ...range }),
          { abortSignal: io.signal },
        );
        // some give all of it, whatever is asked for
        let before = $metadata.httpStatusCode === 206 ? 0 : from;
        for await (const part of (Body ?? []) as AsyncIterable<Buffer>) {
          if (part.length > before) yield part.subarray(before);
          before = Math.max(0, before - part.length);
        }
      } catch (error) {
        if (error instanceof sdk.NoSuchKey) throw remoteErrors.missing({ store: label, path }, error);
        throw s3Failure(error, { store: label, bucket, what: 'give a file', cancelled: io.signal.aborted });
      }
    },
    remove: (name, paths, io) =>
      doing('remove a copy', io, async () => {
        const [first, ...rest] = paths;
        const gone = (path: string) =>
          client.send(new sdk.DeleteObjectCommand(at(name, path)), { abortSignal: io.signal });
        // what makes it a copy goes first, and alone
        if (first !== undefined) await gone(first);
        for (let i = 0; i < rest.length; i += REMOVED_AT_ONCE)
          await Promise.all(rest.slice(i, i + REMOVED_AT_ONCE).map(gone));
      }),
    sweep: (before, ours, io) =>
      doing('end uploads that were not finished', io, async () => {
        const uploads = await uploadsBelow(io).catch((error) => {
          // some that speak its language have no such list: what was left there is theirs to end
          if ((error as S3ServiceException).$metadata?.httpStatusCode === 501) return [];
          throw error;
        });
        const old = uploads.filter(({ begun }) => begun < before);
        let ended = 0;
        for (const [name, of] of Map.groupBy(
          old,
          ({ Key }) => Key.slice(prefix.length).split('/')[0] ?? '',
        )) {
          if (!(await ours(name))) continue;
          for (const { Key, UploadId } of of) {
            const end = new sdk.AbortMultipartUploadCommand({ Bucket: bucket, Key, UploadId });
            await client.send(end, { abortSignal: io.signal });
            ended += 1;
          }
        }
        return ended;
      }),
    close: async () => client.destroy(),
  };
}
