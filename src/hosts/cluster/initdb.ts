import { chown, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CommandError } from '../host.ts';
import { run } from '../local.ts';
import type { ServerUser } from './binaries.ts';
import type { Watchdog } from './watchdog.ts';

/** The server must not read the caller's PGPORT or time zone, and initdb is slow in guessing the latter. */
export function serverEnv(): Record<string, string | undefined> {
  const inherited = Object.keys(process.env).filter((name) => /^(PG|LC_|LANG)/.test(name));
  return { ...Object.fromEntries(inherited.map((name) => [name, undefined])), TZ: 'UTC', LC_ALL: 'C' };
}

export interface InitdbOptions {
  readonly bin: string;
  /** Where it runs; owned by the user, the parent of the data directory. */
  readonly directory: string;
  readonly dataDir: string;
  readonly user: ServerUser | undefined;
  readonly watchdog: Watchdog;
  readonly superuser: string;
  readonly password: string | undefined;
}

/** Makes the data directory: UTF8, checked by nobody for being on disk. Throws {@link CommandError}. */
export async function initdb(options: InitdbOptions): Promise<void> {
  const { bin, directory, dataDir, user, watchdog, superuser, password } = options;
  const passwordFile = join(directory, 'password');
  if (password !== undefined) {
    await writeFile(passwordFile, password, { mode: 0o600 });
    if (user !== undefined) await chown(passwordFile, user.uid, user.gid);
  }
  const make = async (locale: string) => {
    const args = ['-D', dataDir, '-U', superuser, '-E', 'UTF8', `--locale=${locale}`];
    args.push('--no-sync', '-T', 'english');
    if (password === undefined) args.push('-A', 'trust');
    else args.push('-A', 'scram-sha-256', `--pwfile=${passwordFile}`);
    return run(join(bin, 'initdb'), args, {
      ...user,
      cwd: directory,
      env: serverEnv(),
      onStart: (pid) => watchdog.watch('initdb', pid),
    });
  };
  // macOS before 15 and old Linux systems have no C.UTF-8
  let result = await make('C.UTF-8');
  if (result.exitCode !== 0 && /locale/.test(result.stderr)) result = await make('C');
  watchdog.watchNothing();
  await rm(passwordFile, { force: true });
  if (result.exitCode !== 0)
    throw new CommandError('other', `initdb failed: ${lastLine(result.stderr)}.`, result.stderr);
}

/** What went wrong, from a program's stderr or a server's log. */
export function lastLine(text: string): string {
  const lines = text.trim().split('\n');
  const line = lines.findLast((l) => /error|FATAL|PANIC/i.test(l)) ?? lines.at(-1) ?? '';
  return line.replace(/^.*?(FATAL|PANIC|error):\s*/, '').replace(/\.$/, '');
}
