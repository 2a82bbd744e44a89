import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAlive, type ProcessMark, thisProcess } from '../journal/process.ts';

const PREFIX = 'pgdeck-secret-';
const OWNER = 'owner.json';
const SERVICE = 'pgdeck';

export interface SecretFiles {
  readonly passfile: string | undefined;
  readonly serviceFile: string | undefined;
  /** Section of the service file. */
  readonly service: string | undefined;
}

/** Directories to remove with this process. */
const directories = new Set<string>();
let exitHook = false;

/**
 * Puts secrets where libpq reads them, 0600 in a directory of 0700, and removes them after the work. What a killed
 * process has left is removed by the next one.
 */
export async function withSecretFiles<T>(
  { password, passphrase }: { password: string | undefined; passphrase: string | undefined },
  work: (files: SecretFiles) => Promise<T>,
): Promise<T> {
  if (password === undefined && passphrase === undefined)
    return work({ passfile: undefined, serviceFile: undefined, service: undefined });
  sweepSecretFiles();
  const directory = mkdtempSync(join(tmpdir(), PREFIX));
  removeWithUs(directory);
  try {
    const write = (name: string, text: string) => {
      const path = join(directory, name);
      writeFileSync(path, text, { mode: 0o600 });
      return path;
    };
    // first, so that the directory is known to be ours whenever we are killed
    write(OWNER, JSON.stringify(thisProcess()));
    return await work({
      passfile:
        password === undefined
          ? undefined
          : write('pgpass', `*:*:*:*:${password.replaceAll(/[\\:]/g, '\\$&')}\n`),
      // the passphrase of a key has no variable of its own
      serviceFile:
        passphrase === undefined
          ? undefined
          : write('service.conf', `[${SERVICE}]\nsslpassword=${passphrase}\n`),
      service: passphrase === undefined ? undefined : SERVICE,
    });
  } finally {
    rmSync(directory, { recursive: true, force: true });
    directories.delete(directory);
  }
}

function removeWithUs(directory: string): void {
  directories.add(directory);
  if (exitHook) return;
  exitHook = true;
  process.on('exit', () => {
    for (const one of directories) rmSync(one, { recursive: true, force: true });
  });
}

/** Removes what killed processes of this user have left. */
export function sweepSecretFiles(): void {
  for (const name of readdirSync(tmpdir())) {
    if (!name.startsWith(PREFIX)) continue;
    const directory = join(tmpdir(), name);
    try {
      const mark = JSON.parse(readFileSync(join(directory, OWNER), 'utf8')) as ProcessMark;
      if (!isAlive(mark)) rmSync(directory, { recursive: true, force: true });
    } catch {
      // another user's, or one that is being made just now
    }
  }
}
