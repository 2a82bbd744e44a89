import { randomUUID } from 'node:crypto';
import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { filesErrors } from './errors.ts';
import { isAlive, type ProcessMark, thisProcess } from './process.ts';

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

type Writer = (name: string, text: string) => string;

/**
 * Puts secrets where libpq and other drivers read them for the time of the work: on Linux in files that have no name
 * (see {@link unnamed}), elsewhere 0600 in a directory of 0700 that is removed after the work. What a killed process has
 * left of the latter is removed by the next one that starts.
 */
export async function withSecretFiles<T>(
  { password, passphrase }: { password: string | undefined; passphrase: string | undefined },
  work: (files: SecretFiles) => Promise<T>,
): Promise<T> {
  if (password === undefined && passphrase === undefined)
    return work({ passfile: undefined, serviceFile: undefined, service: undefined });
  refuseLineBreak('password', password);
  refuseLineBreak('passphrase of the key', passphrase);
  const files = unnamed() ?? named();
  try {
    return await work({
      passfile:
        password === undefined
          ? undefined
          : files.write('pgpass', `*:*:*:*:${password.replaceAll(/[\\:]/g, '\\$&')}\n`),
      // the passphrase of a key has no variable of its own
      serviceFile:
        passphrase === undefined
          ? undefined
          : files.write('service.conf', `[${SERVICE}]\nsslpassword=${passphrase}\n`),
      service: passphrase === undefined ? undefined : SERVICE,
    });
  } finally {
    files.remove();
  }
}

interface Files {
  readonly write: Writer;
  readonly remove: () => void;
}

/**
 * Files that are gone from their directory before anything is written to them. Programs of this user, and what those
 * start, open them anew by way of this process; when it ends, by whatever signal, they are gone. Undefined where
 * /proc is not ours, as on macOS.
 */
function unnamed(): Files | undefined {
  const open: number[] = [];
  const make = (text: string): string => {
    const path = join(tmpdir(), `${PREFIX}${randomUUID()}`);
    const fd = openSync(path, 'wx+', 0o600);
    open.push(fd);
    unlinkSync(path);
    writeSync(fd, text);
    return `/proc/${process.pid}/fd/${fd}`;
  };
  const remove = () => {
    for (const fd of open.splice(0)) closeSync(fd);
  };
  try {
    // one that may not be looked into (a node with capabilities) is root's; one of another namespace leads elsewhere
    const ours = statSync(`/proc/${process.pid}/fd`).uid === process.geteuid?.();
    if (ours && readFileSync(make(PREFIX), 'utf8') === PREFIX)
      return { write: (_, text) => make(text), remove };
  } catch {
    // there is no /proc
  }
  remove();
  return undefined;
}

function named(): Files {
  const directory = mkdtempSync(join(tmpdir(), PREFIX));
  removeWithUs(directory);
  const write: Writer = (name, text) => {
    const path = join(directory, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  // first, so that the directory is known to be ours whenever we are killed
  write(OWNER, JSON.stringify(thisProcess()));
  return {
    write,
    remove: () => {
      rmSync(directory, { recursive: true, force: true });
      directories.delete(directory);
    },
  };
}

/** Both files are read line by line, and a variable would show the secret to others. */
export function refuseLineBreak(
  what: 'password' | 'passphrase of the key',
  secret: string | undefined,
): void {
  if (secret !== undefined && /[\r\n]/.test(secret)) throw filesErrors.lineBreak({ secret: what });
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
  let names: string[];
  try {
    names = readdirSync(tmpdir());
  } catch {
    // without a temporary directory there is nothing in it; who needs one says so
    return;
  }
  for (const name of names) {
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
