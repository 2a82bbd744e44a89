import { readFileSync } from 'node:fs';
import { run } from '../local.ts';
import { type SshPlace, sshArguments } from './arguments.ts';

/** Milliseconds; what a Match of the configuration asks may take its time. */
const TIMEOUT_MS = 5_000;

/**
 * The ciphers of a connection, those of AES-GCM before the others: with what processors have for it they cost a third
 * of chacha20-poly1305, which OpenSSH takes first (9.2). None is taken that ssh would not take by itself. Undefined where
 * the configuration says an order of its own, and where this processor has nothing for AES.
 */
export async function fastCiphers(place: SshPlace): Promise<string | undefined> {
  if (!hasAes()) return undefined;
  const [wanted, usual] = await Promise.all([ciphersOf(place), ciphersOf({ ...place, config: 'none' })]);
  if (wanted === undefined || wanted !== usual) return undefined;
  return gcmFirst(wanted);
}

/** The same ciphers in the order that is faster. */
export function gcmFirst(ciphers: string): string {
  const all = ciphers.split(',');
  const isGcm = (name: string) => /^aes\d+-gcm@/.test(name);
  return [...all.filter(isGcm), ...all.filter((name) => !isGcm(name))].join(',');
}

/** As ssh would take them for that place; undefined where it does not say. */
async function ciphersOf(place: SshPlace): Promise<string | undefined> {
  try {
    const { exitCode, stdout } = await run('ssh', sshArguments(place, ['-G']), { timeout: TIMEOUT_MS });
    return exitCode === 0 ? /^ciphers (\S+)$/m.exec(stdout)?.[1] : undefined;
  } catch {
    return undefined;
  }
}

function hasAes(): boolean {
  if (process.platform === 'darwin') return true;
  try {
    return /^(?:flags|Features)\s*:.*\baes\b/m.test(readFileSync('/proc/cpuinfo', 'utf8'));
  } catch {
    return false;
  }
}
