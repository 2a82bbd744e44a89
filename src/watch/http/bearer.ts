import { createHash, timingSafeEqual } from 'node:crypto';
import { UsageError } from '../../config/usage-error.ts';

const digest = (text: string) => createHash('sha256').update(text).digest();

/** Whether a header `Authorization` brings the token. Digests are compared: the time tells neither its text nor its length. */
export function bearer(token: string | undefined): (header: string | undefined) => boolean {
  if (token === undefined) return () => true;
  if (token.trim() === '')
    throw new UsageError(
      'The token for those who ask over HTTP is empty.',
      'Set PGDECK_LISTEN_TOKEN, or listen_token in the settings, to a long random text (openssl rand -hex 32), or to nothing at all.',
    );
  const expected = digest(token);
  return (header) =>
    timingSafeEqual(digest(/^bearer +(.*)$/i.exec(header ?? '')?.[1]?.trim() ?? ''), expected);
}
