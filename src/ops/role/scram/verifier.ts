import { createHash, createHmac, pbkdf2, randomBytes, randomInt } from 'node:crypto';
import { promisify } from 'node:util';
import { saslprep } from './saslprep.ts';

const HASH = 'sha256';
const SALT_BYTES = 16;
/** As PostgreSQL has it before 16, and where scram_iterations is not set. */
export const ITERATIONS = 4096;

/**
 * What PostgreSQL keeps of a password, as it is given to ALTER ROLE … PASSWORD: `SCRAM-SHA-256$4096:salt$stored:server`
 * (RFC 5802, RFC 7677). Made here, so that the password itself is never sent.
 */
export async function scramVerifier(
  password: string,
  { iterations = ITERATIONS, salt = randomBytes(SALT_BYTES) }: { iterations?: number; salt?: Buffer } = {},
): Promise<string> {
  const salted = await promisify(pbkdf2)(saslprep(password), salt, iterations, 32, HASH);
  const key = (name: string) => createHmac(HASH, salted).update(name).digest();
  const stored = createHash(HASH).update(key('Client Key')).digest('base64');
  const server = key('Server Key').toString('base64');
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${stored}:${server}`;
}

/** How a stored password is kept; undefined for what is none. */
export function kindOfVerifier(stored: string): 'scram' | 'md5' | undefined {
  if (/^SCRAM-SHA-256\$\d+:[A-Za-z0-9+/=]+\$[A-Za-z0-9+/=]+:[A-Za-z0-9+/=]+$/.test(stored)) return 'scram';
  return /^md5[0-9a-f]{32}$/.test(stored) ? 'md5' : undefined;
}

/** Letters and digits that nobody takes for another: 57 of them, 5.8 bits each. */
const LETTERS = 'ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789';
const LENGTH = 24;

/** A password of 140 bits that needs no quotes anywhere. */
export function generatePassword(): string {
  return Array.from({ length: LENGTH }, () => LETTERS[randomInt(LETTERS.length)]).join('');
}
