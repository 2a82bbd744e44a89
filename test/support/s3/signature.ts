import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

const KNOWN =
  /^AWS4-HMAC-SHA256 Credential=([^/,]+)\/(\d{8})\/([^/,]+)\/s3\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/;
const sha256 = (data: string | Uint8Array) => createHash('sha256').update(data).digest('hex');
const hmac = (key: string | Buffer, data: string) => createHmac('sha256', key).update(data).digest();
/** By RFC 3986: encodeURIComponent leaves five of them as they are. */
const encoded = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`);

/**
 * The code of what is wrong with the signature of a request, version 4 (AWS General Reference, "Create a signed AWS API
 * request"); undefined where it is right, and the body is what was signed.
 */
export function wrongSignature(
  { method, url = '/', headers }: IncomingMessage,
  body: Uint8Array,
  { key, secret }: { readonly key: string; readonly secret: string },
): string | undefined {
  const [, by, day = '', region = '', names = '', given = ''] = KNOWN.exec(headers.authorization ?? '') ?? [];
  if (by === undefined) return 'AccessDenied';
  if (by !== key) return 'InvalidAccessKeyId';
  const signed = names.split(';');
  if (!signed.includes('host') || !signed.includes('x-amz-date')) return 'AccessDenied';
  const at = String(headers['x-amz-date']);
  const payload = String(headers['x-amz-content-sha256']);
  if (/^[0-9a-f]{64}$/.test(payload) && payload !== sha256(body)) return 'XAmzContentSHA256Mismatch';
  const { pathname, searchParams } = new URL(url, 'http://x');
  const path = pathname.split('/').map((part) => encoded(decodeURIComponent(part)));
  const query = [...searchParams].map(([name, value]) => `${encoded(name)}=${encoded(value)}`).sort();
  const lines = signed.map((name) => `${name}:${String(headers[name] ?? '').trim()}\n`);
  const canonical = [method, path.join('/'), query.join('&'), lines.join(''), names, payload].join('\n');
  const scope = `${day}/${region}/s3/aws4_request`;
  const signing = ['AWS4-HMAC-SHA256', at, scope, sha256(canonical)].join('\n');
  const dayKey = hmac(`AWS4${secret}`, day);
  const made = hmac(hmac(hmac(hmac(dayKey, region), 's3'), 'aws4_request'), signing);
  return timingSafeEqual(made, Buffer.from(given, 'hex')) ? undefined : 'SignatureDoesNotMatch';
}
