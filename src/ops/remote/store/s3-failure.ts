import { OpError } from '../../error.ts';
import { remoteErrors } from '../errors.ts';

/** What S3 and those who speak its language call it when somebody may not. */
const DENIED = new Set([
  'AccessDenied',
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
  'ExpiredToken',
  'InvalidToken',
  'Forbidden',
  'AccountProblem',
  'RequestTimeTooSkewed',
]);

/** Of the network, before anything answers. */
const UNREACHABLE =
  /^(ECONN|ENOTFOUND|EAI_|EHOST|ENET|ETIMEDOUT|EPIPE|TimeoutError|CERT_|ERR_TLS|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO)/;

interface About {
  readonly store: string;
  readonly bucket: string;
  /** What was to be done: `store a file`. */
  readonly what: string;
  readonly cancelled: boolean;
}

interface Said {
  readonly name?: string;
  readonly message?: string;
  readonly code?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

/** An error of the SDK, by what it means to who reads it. The SDK puts no credentials into its words. */
export function s3Failure(error: unknown, { store, bucket, what, cancelled }: About): OpError {
  if (error instanceof OpError) return error;
  if (cancelled) return remoteErrors.cancelled({ store }, error);
  const { name = '', message = '', code = '', $metadata } = error as Said;
  const status = $metadata?.httpStatusCode;
  // what asks for no more than a head gets no words with a refusal, and the SDK makes some up
  const silent = status !== undefined && (name === '403' || message === 'UnknownError');
  const said = silent ? `HTTP ${status}` : (message || name || code).replace(/\.$/, '');
  if (name === 'CredentialsProviderError') return remoteErrors.noCredentials({ store }, error);
  if (name === 'NoSuchBucket') return remoteErrors.noBucket({ store, bucket }, error);
  if (DENIED.has(name) || status === 401 || status === 403)
    return remoteErrors.denied({ store, what, said }, error);
  if (UNREACHABLE.test(code) || UNREACHABLE.test(name))
    return remoteErrors.unreachable({ store, said }, error);
  return remoteErrors.failing(
    { store, what, said: status === undefined || silent ? said : `${said} (HTTP ${status})` },
    error,
  );
}
