import type { ConnectionOptions } from 'node:tls';
import type { Target } from './target.ts';

function tlsOptions(target: Target): ConnectionOptions {
  const verify =
    target.sslmode === 'verify-ca' || target.sslmode === 'verify-full' || target.tls?.ca !== undefined;
  return {
    ...target.tls,
    rejectUnauthorized: verify,
    // libpq checks the host name only in verify-full
    ...(target.sslmode !== 'verify-full' && { checkServerIdentity: () => undefined }),
  };
}

/** The TLS attempts of a mode in libpq's order. Sockets never use TLS. */
export function tlsAttempts(target: Target): (false | ConnectionOptions)[] {
  if (target.host.startsWith('/') || target.sslmode === 'disable') return [false];
  if (target.sslmode === 'allow') return [false, tlsOptions(target)];
  if (target.sslmode === 'prefer') return [tlsOptions(target), false];
  return [tlsOptions(target)];
}

/** Whether an attempt failed so that the next one may do. */
export function retryOtherTls(error: unknown): boolean {
  const { code, message } = error as { code?: string; message?: string };
  return (
    code === '28000' ||
    /does not support SSL|SSL|TLS/i.test(message ?? '') ||
    /^(ERR_TLS|ERR_SSL)/.test(code ?? '')
  );
}
