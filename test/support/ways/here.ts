import { spawnSync } from 'node:child_process';
import { existsSync, symlinkSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Way } from '../../../src/hosts/remote/way.ts';

/** Shells that the wrapper must run in; what is not installed here is left out. */
export const SHELLS = (['dash', 'bash', 'busybox'] as const).filter((name) => existsSync(`/usr/bin/${name}`));
export type Shell = (typeof SHELLS)[number];

/** A way that leads nowhere else: the words run on this machine, in a shell of choice. */
export interface WayHere extends Way {
  /** Directory that comes first on the program's PATH. */
  readonly bin: string;
  remove(): Promise<void>;
}

/** Where `sh` is a shell of choice. With busybox all programs are its own, but those of PostgreSQL. */
export async function wayHere(shell: Shell): Promise<WayHere> {
  const bin = await mkdtemp(join(tmpdir(), 'pgdeck-way-'));
  if (shell === 'busybox') {
    const { stdout } = spawnSync('/usr/bin/busybox', ['--list'], { encoding: 'utf8' });
    for (const name of stdout.split('\n').filter((one) => one !== '' && one !== 'busybox'))
      symlinkSync('/usr/bin/busybox', join(bin, name));
  } else symlinkSync(`/usr/bin/${shell}`, join(bin, 'sh'));
  return {
    kind: 'docker',
    label: 'the other place',
    client: 'sh',
    bin,
    env: { PATH: `${bin}:/usr/bin:/bin` },
    argv: async ([, ...words]) => [join(bin, 'sh'), ...words],
    check: async () => {},
    explain: () => undefined,
    remove: () => rm(bin, { recursive: true, force: true }),
  };
}
