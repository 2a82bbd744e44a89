import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { wrongSignature } from './signature.ts';

/** What a server does instead of what it was asked; undefined: nothing else. */
export type Fault =
  | { readonly kind: 'status'; readonly status: number; readonly code: string }
  /** The connection is reset in the midst of what is sent to it. */
  | { readonly kind: 'reset' }
  /** So much of what is asked for comes, and the connection ends. */
  | { readonly kind: 'truncated'; readonly bytes: number }
  /** The same, and all seems to be well. */
  | { readonly kind: 'short'; readonly bytes: number }
  /** One byte of what comes is another. */
  | { readonly kind: 'flipped' }
  /** It stores less than it was given and says that it has all. */
  | { readonly kind: 'loses'; readonly bytes: number }
  /** It gives all of what a part is asked of. */
  | { readonly kind: 'whole' }
  /** What it names when it is given something gets no name. */
  | { readonly kind: 'nameless' }
  /** Its list goes on, and does not say where. */
  | { readonly kind: 'unended' }
  | { readonly kind: 'slow'; readonly ms: number }
  /** It answers nothing. */
  | { readonly kind: 'silent' };

export interface Asked {
  readonly method: string;
  /** Without the bucket. */
  readonly key: string;
  readonly query: URLSearchParams;
  /** Of requests like this one, this is the how many-th, from 1 on. */
  readonly nth: number;
}

interface Upload {
  readonly key: string;
  readonly begun: Date;
  readonly metadata: Record<string, string>;
  readonly parts: Map<number, Buffer>;
  /** What its parts were announced to have. */
  readonly checksum?: string | string[];
}

interface Held {
  readonly body: Buffer;
  readonly metadata: Record<string, string>;
  readonly modified: Date;
}

/** A server that speaks as much of S3 as a client of ours asks, in memory, checks signatures, and goes wrong on request. */
export class FaultyS3 {
  readonly objects = new Map<string, Held>();
  readonly uploads = new Map<string, Upload>();
  readonly asked: string[] = [];
  /** Asked before each request. */
  fault: (asked: Asked) => Fault | undefined = () => undefined;
  readonly bucket = 'backups';
  /** Those that requests have to be signed with. */
  credentials = { key: 'S3RVER', secret: 'S3RVER' };
  readonly #counts = new Map<string, number>();
  readonly #server = createServer((request, response) => {
    void this.#answer(request, response).catch(() => response.destroy());
  });

  static async start(): Promise<FaultyS3> {
    const server = new FaultyS3();
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  /** Keys that anybody would see. */
  keys(): string[] {
    return [...this.objects.keys()].sort();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://x');
    const [, bucket = '', ...rest] = decodeURIComponent(url.pathname).split('/');
    const key = rest.join('/');
    const method = request.method ?? '';
    const like = `${method} ${url.searchParams.has('uploads') ? 'uploads' : url.searchParams.has('partNumber') ? 'part' : url.searchParams.has('list-type') ? 'list' : key}`;
    const nth = (this.#counts.get(like) ?? 0) + 1;
    this.#counts.set(like, nth);
    this.asked.push(like);
    const fault = this.fault({ method, key, query: url.searchParams, nth });
    if (fault?.kind === 'silent') return;
    if (fault?.kind === 'reset') {
      if (method === 'PUT') await once(request, 'data');
      request.socket.resetAndDestroy();
      return;
    }
    if (fault?.kind === 'slow') await delay(fault.ms);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const sent = Buffer.concat(chunks);
    const wrong = wrongSignature(request, sent, this.credentials);
    if (wrong !== undefined) return fail(response, 403, method === 'HEAD' ? '' : wrong);
    const body = unchunked(sent, request);
    if (fault?.kind === 'status') return fail(response, fault.status, fault.code);
    if (bucket !== this.bucket) return fail(response, 404, 'NoSuchBucket');
    const kept = fault?.kind === 'loses' ? body.subarray(0, body.length - fault.bytes) : body;
    const metadata = Object.fromEntries(
      Object.entries(request.headers).flatMap(([name, value]) =>
        name.startsWith('x-amz-meta-') ? [[name, String(value)]] : [],
      ),
    );
    const { searchParams: query } = url;
    const endless = (text: string) =>
      fault?.kind === 'unended'
        ? text.replace(/<(Next\w+)>.*?<\/\1>/g, '').replace('<IsTruncated>false', '<IsTruncated>true')
        : text;
    if (method === 'GET' && query.has('uploads')) return xml(response, endless(this.#listUploads(query)));
    if (method === 'GET' && query.has('list-type')) return xml(response, endless(this.#list(query)));
    if (method === 'POST' && query.has('uploads')) {
      const id = randomUUID();
      const checksum = request.headers['x-amz-checksum-algorithm'];
      this.uploads.set(id, {
        key,
        begun: new Date(),
        metadata,
        parts: new Map(),
        ...(checksum && { checksum }),
      });
      const name = fault?.kind === 'nameless' ? '' : `<UploadId>${id}</UploadId>`;
      return xml(
        response,
        `<InitiateMultipartUploadResult><Bucket>${bucket}</Bucket><Key>${text(key)}</Key>${name}</InitiateMultipartUploadResult>`,
      );
    }
    const upload = this.uploads.get(query.get('uploadId') ?? '');
    if (query.has('uploadId') && upload === undefined) return fail(response, 404, 'NoSuchUpload');
    if (method === 'PUT' && upload !== undefined) {
      const crc = request.headers['x-amz-checksum-crc32'];
      // as S3 does it
      if (crc !== undefined && upload.checksum !== 'CRC32') return fail(response, 400, 'InvalidRequest');
      upload.parts.set(Number(query.get('partNumber')), kept);
      response.writeHead(200, {
        ...(fault?.kind !== 'nameless' && { ETag: `"${md5(kept)}"` }),
        ...(crc !== undefined && { 'x-amz-checksum-crc32': crc }),
      });
      return void response.end();
    }
    if (method === 'POST' && upload !== undefined) {
      const sums = body.toString().match(/<ChecksumCRC32>/g)?.length ?? 0;
      if (upload.checksum !== undefined && sums !== upload.parts.size)
        return fail(response, 400, 'InvalidPart');
      const parts = [...upload.parts].sort(([a], [b]) => a - b).map(([, part]) => part);
      this.objects.set(upload.key, {
        body: Buffer.concat(parts),
        metadata: upload.metadata,
        modified: new Date(),
      });
      this.uploads.delete(query.get('uploadId') ?? '');
      return xml(
        response,
        `<CompleteMultipartUploadResult><Key>${text(key)}</Key><ETag>"x-${parts.length}"</ETag></CompleteMultipartUploadResult>`,
      );
    }
    if (method === 'DELETE' && upload !== undefined) {
      this.uploads.delete(query.get('uploadId') ?? '');
      return void response.writeHead(204).end();
    }
    if (method === 'PUT') {
      this.objects.set(key, { body: kept, metadata, modified: new Date() });
      return void response.writeHead(200, { ETag: `"${md5(kept)}"` }).end();
    }
    if (method === 'DELETE') {
      this.objects.delete(key);
      return void response.writeHead(204).end();
    }
    const held = this.objects.get(key);
    if (held === undefined) return fail(response, 404, method === 'HEAD' ? '' : 'NoSuchKey');
    this.#give(request, response, held, fault);
  }

  #give(request: IncomingMessage, response: ServerResponse, held: Held, fault: Fault | undefined): void {
    const range = fault?.kind === 'whole' ? undefined : request.headers.range;
    const [, from = '0'] = /^bytes=(\d+)-/.exec(range ?? '') ?? [];
    let body = held.body.subarray(Number(from));
    if (fault?.kind === 'flipped') {
      body = Buffer.from(body);
      body[body.length >> 1] = (body[body.length >> 1] ?? 0) ^ 1;
    }
    if (fault?.kind === 'short') body = body.subarray(0, fault.bytes);
    const { length } = held.body;
    response.writeHead(range === undefined ? 200 : 206, {
      ...(range !== undefined && { 'Content-Range': `bytes ${from}-${length - 1}/${length}` }),
      'Content-Length': body.length,
      'Last-Modified': held.modified.toUTCString(),
      ETag: `"${md5(held.body)}"`,
      ...held.metadata,
    });
    if (request.method === 'HEAD') return void response.end();
    if (fault?.kind !== 'truncated') return void response.end(body);
    response.write(body.subarray(0, fault.bytes), () => setImmediate(() => response.destroy()));
  }

  #list(query: URLSearchParams): string {
    const [prefix, delimiter] = [query.get('prefix') ?? '', query.get('delimiter')];
    const after = query.get('continuation-token') ?? '';
    const most = 3;
    const said = query.get('encoding-type') === 'url' ? inUrl : text;
    const entries = new Map<string, string>();
    for (const [key, { body, modified }] of [...this.objects].sort(([a], [b]) => (a < b ? -1 : 1))) {
      if (!key.startsWith(prefix)) continue;
      const end = delimiter === null ? -1 : key.indexOf(delimiter, prefix.length);
      if (end >= 0) {
        const common = key.slice(0, end + 1);
        entries.set(common, `<CommonPrefixes><Prefix>${said(common)}</Prefix></CommonPrefixes>`);
      } else
        entries.set(
          key,
          `<Contents><Key>${said(key)}</Key><Size>${body.length}</Size><LastModified>${modified.toISOString()}</LastModified></Contents>`,
        );
    }
    const left = [...entries].filter(([key]) => key > after);
    const page = left.slice(0, most);
    const last = page.at(-1)?.[0] ?? '';
    const more = left.length > page.length;
    const encoding = said === inUrl ? '<EncodingType>url</EncodingType>' : '';
    return `<ListBucketResult>${encoding}<IsTruncated>${more}</IsTruncated>${more ? `<NextContinuationToken>${text(last)}</NextContinuationToken>` : ''}${page.map(([, text]) => text).join('')}</ListBucketResult>`;
  }

  #listUploads(query: URLSearchParams): string {
    const said = query.get('encoding-type') === 'url' ? inUrl : text;
    const from = query.get('upload-id-marker') ?? '';
    const found = [...this.uploads]
      .filter(([, { key }]) => key.startsWith(query.get('prefix') ?? ''))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .filter(([id]) => id > from);
    const page = found.slice(0, 3);
    const [lastId, last] = page.at(-1) ?? [];
    const next =
      found.length > page.length
        ? `<IsTruncated>true</IsTruncated><NextKeyMarker>${said(last?.key ?? '')}</NextKeyMarker><NextUploadIdMarker>${lastId}</NextUploadIdMarker>`
        : '<IsTruncated>false</IsTruncated>';
    const encoding = said === inUrl ? '<EncodingType>url</EncodingType>' : '';
    return `<ListMultipartUploadsResult>${encoding}${next}${page
      .map(
        ([id, { key, begun }]) =>
          `<Upload><Key>${said(key)}</Key><UploadId>${id}</UploadId><Initiated>${begun.toISOString()}</Initiated></Upload>`,
      )
      .join('')}</ListMultipartUploadsResult>`;
  }
}

/** In XML, which has no way to say some characters. */
const text = (said: string) =>
  said
    .replace(/[&<>]/g, (one) => `&#${one.charCodeAt(0)};`)
    .replace(/[\0-\x1f]/g, (one) => `&#x${one.charCodeAt(0).toString(16)};`);
/** As S3 does where it is asked for so. */
const inUrl = (said: string) => encodeURIComponent(said).replaceAll('%20', '+').replaceAll('%2F', '/');
const md5 = (body: Uint8Array) => createHash('md5').update(body).digest('hex');

function fail(response: ServerResponse, status: number, code: string): void {
  const text = code === '' ? '' : `<Error><Code>${code}</Code><Message>${code} it is</Message></Error>`;
  response.writeHead(status, { 'Content-Type': 'application/xml' }).end(text);
}

function xml(response: ServerResponse, text: string): void {
  response.writeHead(200, { 'Content-Type': 'application/xml' }).end(`<?xml version="1.0"?>${text}`);
}

/** What was sent in the chunks of aws-chunked, without their lines and trailer. */
function unchunked(body: Buffer, { headers }: IncomingMessage): Buffer {
  if (!String(headers['content-encoding'] ?? '').includes('aws-chunked')) return body;
  const parts: Buffer[] = [];
  for (let at = 0; at < body.length; ) {
    const end = body.indexOf('\r\n', at);
    const size = Number.parseInt(body.subarray(at, end).toString(), 16);
    if (size === 0) break;
    parts.push(body.subarray(end + 2, end + 2 + size));
    at = end + 4 + size;
  }
  return Buffer.concat(parts);
}
