/**
 * Why somebody could not be told, in one sentence. What went wrong below is never its cause: the libraries' errors
 * carry URLs, headers and answers, and with PGDECK_DEBUG a cause is printed.
 */
export class NotifyError extends Error {
  override readonly name = 'NotifyError';
  /** Trying again is of no use. */
  readonly permanent: boolean;

  constructor(sentence: string, permanent = false) {
    super(sentence);
    this.permanent = permanent;
  }
}

/** What the receiver of a request is named by, which is no secret. */
interface At {
  readonly label: string;
}

export const notifyErrors = {
  status: ({ label, status }: At & { status: number }) =>
    new NotifyError(`${label} answered ${status}.`, isRefusal(status)),
  redirect: ({ label, status }: At & { status: number }) =>
    new NotifyError(
      `${label} answered ${status}, which leads to another URL and is not followed: give that one.`,
      status === 301 || status === 308,
    ),
  timeout: ({ label, seconds }: At & { seconds: number }) =>
    new NotifyError(`${label} did not answer within ${seconds} s.`),
  stopped: ({ label }: At) => new NotifyError(`${label} was not waited for.`),
  connection: ({ label, code }: At & { code: string | undefined }) =>
    new NotifyError(`${label} ${connectionFault(code)}.`),
  certificate: ({ label, fault }: At & { fault: string }) =>
    new NotifyError(`The certificate of ${label} is not accepted: it is ${fault}; ${AUTHORITY}.`),

  mailTimeout: ({ label }: At) => new NotifyError(`${label} did not answer in time.`),
  tls: ({ label }: At) =>
    new NotifyError(`${label} offers no TLS that this client accepts, and it is needed here.`),
  mailCertificate: ({ label, fault }: At & { fault: string }) =>
    new NotifyError(
      `The certificate of ${label} is not accepted: it is ${fault}; ${AUTHORITY}, or give ?tls=insecure.`,
    ),
  login: ({ label, answer, permanent }: At & { answer: string; permanent: boolean }) =>
    new NotifyError(`${label} refused the login${answer}.`, permanent),
  mail: ({ label, answer, permanent }: At & { answer: string; permanent: boolean }) =>
    new NotifyError(`${label} did not take the mail${answer}.`, permanent),

  exit: ({ label, exitCode, said }: At & { exitCode: number; said: string }) =>
    new NotifyError(`${label} failed with exit code ${exitCode}${said === '' ? '' : `: ${said}`}.`),
  program: ({ label, why, permanent }: At & { why: string; permanent: boolean }) =>
    new NotifyError(`${label} ${why}.`, permanent),
  unexpected: ({ label, kind }: At & { kind: string }) =>
    new NotifyError(`${label} could not be told (${kind}).`),
};

/** A 4xx says that the request is wrong; but these three only that it came at a bad time. */
function isRefusal(status: number): boolean {
  return status >= 400 && status < 500 && ![408, 425, 429].includes(status);
}

const AUTHORITY = 'name its authority in NODE_EXTRA_CA_CERTS';

/** What is wrong with a certificate, by the error's code or OpenSSL's words; undefined where it is about no certificate. */
export function certificateFault(error: unknown): string | undefined {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  const told = `${code} ${message}`;
  if (/ALTNAME_INVALID|altnames/i.test(told)) return 'made for another name';
  if (/CERT_HAS_EXPIRED|certificate has expired/i.test(told)) return 'expired';
  if (/SELF_SIGNED|self[- ]signed/i.test(told)) return 'self-signed';
  const other =
    /\bCERT_|UNABLE_TO_(GET|VERIFY)|INVALID_CA|INVALID_PURPOSE|(verify|local issuer) .*certificate/i;
  return other.test(told) ? 'of nobody who is trusted' : undefined;
}

function connectionFault(code: string | undefined): string {
  switch (code) {
    case 'ECONNREFUSED':
      return 'accepts no connection';
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EDNS':
      return 'cannot be reached: its name cannot be resolved';
    case 'ETIMEDOUT':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return 'cannot be reached';
    case 'ECONNRESET':
    case 'EPIPE':
    case 'ECONNECTION':
      return 'broke the connection';
  }
  // begun as TLS where the other side speaks without, or the other way round
  if (code === 'EPROTO' || code?.startsWith('ERR_SSL_')) return 'speaks no TLS that this client understands';
  if (code?.startsWith('HPE_')) return 'answered with something that is no HTTP';
  return `could not be asked${code === undefined ? '' : ` (${code})`}`;
}

/** The code of a system's or a library's error: a name such as ECONNREFUSED, and nothing else of it. */
export function codeOf(error: unknown): string | undefined {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]{2,60}$/.test(code) ? code : undefined;
}

/** Anything that was thrown as an error that may be told; what is not ours is told by its kind alone. */
export function asNotifyError(error: unknown, label: string): NotifyError {
  if (error instanceof NotifyError) return error;
  const kind =
    codeOf(error) ?? (error instanceof Error && /^\w{1,40}$/.test(error.name) ? error.name : 'unknown');
  return notifyErrors.unexpected({ label, kind });
}
