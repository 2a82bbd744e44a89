import { cleanLine } from '../text/clean.ts';

/** What Node says of a TLS failure, as far as it says it. */
interface TlsFacts {
  readonly code?: unknown;
  /** Node's certificate object, of a name that does not match. */
  readonly cert?: unknown;
}

/** Node's codes for TLS that failed, whichever of its layers noticed. */
const CODES =
  /^(ERR_TLS|ERR_SSL|CERT_|CRL_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH|ERROR_IN_CERT)/;

const ROOT =
  'Put the certificate of the authority that signed it into sslrootcert (~/.postgresql/root.crt), or use sslrootcert=system where a public one did.';

/**
 * Why TLS failed and what libpq's settings do about it, as a clause and a sentence; undefined for what is no failure of
 * TLS. `host`: the name that was connected to.
 */
export function tlsFailure(
  facts: TlsFacts,
  message: string,
  host: string,
): { cause: string; next: string } | undefined {
  const code = typeof facts.code === 'string' ? facts.code : '';
  // node-pg's own words for the server's answer "N" to the request for TLS
  if (code === '' && /does not support SSL/i.test(message))
    return {
      cause: 'the server does not offer it',
      next: 'Switch ssl on in its postgresql.conf, or connect without: sslmode=disable.',
    };
  if (!CODES.test(code)) return undefined;
  switch (code) {
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
    case 'HOSTNAME_MISMATCH':
      return {
        cause: `its certificate is for ${namesOf(facts.cert)}, not for ${cleanLine(host)}`,
        next: 'Connect by a name that it carries (-h NAME, with hostaddr=ADDRESS where that does not resolve), or use sslmode=verify-ca, which checks no name.',
      };
    case 'CERT_HAS_EXPIRED':
      return { cause: 'its certificate has expired', next: 'Have it renewed on the server.' };
    case 'CERT_NOT_YET_VALID':
      return {
        cause: 'its certificate is not valid yet',
        next: 'Compare the clocks of this machine and the server.',
      };
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
      return {
        cause: 'its certificate is signed by itself, and sslrootcert does not hold it',
        next: 'Put that certificate into sslrootcert (~/.postgresql/root.crt).',
      };
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'CERT_UNTRUSTED':
      return { cause: 'nobody in sslrootcert vouches for its certificate', next: ROOT };
    case 'CERT_REVOKED':
      return { cause: 'its certificate has been revoked', next: 'Have it replaced on the server.' };
  }
  return { cause: message, next: 'Check sslmode, sslrootcert, sslcert and sslkey.' };
}

/** The names in a certificate: its alternative names, else its subject. */
function namesOf(cert: unknown): string {
  const { subjectaltname, subject } = (cert ?? {}) as {
    subjectaltname?: unknown;
    subject?: { CN?: unknown } | null;
  };
  const names =
    typeof subjectaltname === 'string' && subjectaltname !== ''
      ? subjectaltname.split(/,\s*/).map((name) => name.replace(/^(DNS|IP Address|URI):/, ''))
      : [subject?.CN].flat().filter((name) => typeof name === 'string');
  return names.length === 0 ? 'no name' : cleanLine(names.join(', '));
}
