import type { Host } from '../../hosts/host.ts';
import { volumesErrors } from './errors.ts';
import { type HelperOptions, volumeAt, withHelper } from './helper.ts';
import type { Volume } from './source.ts';

export type Room = { readonly free: number; readonly total: number } | undefined;

/** What is known of a volume before it is archived, or replaced. */
export interface Seen extends Volume {
  /** Bytes on its disk; undefined where it cannot be told. */
  readonly bytes: number | undefined;
  /** Where in it a data directory of PostgreSQL lies, `.` being all of it. */
  readonly cluster: string | undefined;
  /** One file is mounted, and no directory. */
  readonly isFile: boolean;
  /** Directories in it that other file systems are mounted at. */
  readonly nested: readonly string[];
  /** Of its file system. */
  readonly room: Room;
}

export interface Look {
  readonly volumes: readonly Seen[];
  /** Of the disk that docker keeps volumes and containers on. */
  readonly room: Room;
}

/** Looks into volumes by a container that may only read them. Throws OpError, CommandError. */
export async function lookInto(
  volumes: readonly Volume[],
  options: Omit<HelperOptions, 'mounts' | 'what'>,
): Promise<Look> {
  const mounts = volumes.map(({ source }, n) => ({ source, at: volumeAt(n) }));
  return withHelper({ ...options, mounts, what: 'look into the volumes' }, async (host) => {
    await needPrograms(host, options.container.image);
    const points = await mountPoints(host);
    const seen: Seen[] = [];
    for (const [n, volume] of volumes.entries()) seen.push(await seenAt(host, volumeAt(n), volume, points));
    return { volumes: seen, room: await host.files.space('/') };
  });
}

async function seenAt(host: Host, at: string, volume: Volume, points: readonly string[]): Promise<Seen> {
  return {
    ...volume,
    bytes: await sizeOf(host, at),
    cluster: await clusterIn(host, at),
    isFile: (await host.files.facts(at)).kind !== 'directory',
    nested: points.filter((path) => path.startsWith(`${at}/`)).map((path) => path.slice(at.length + 1)),
    room: await host.files.space(at),
  };
}

async function needPrograms(host: Host, image: string): Promise<void> {
  for (const program of ['tar', 'gzip']) {
    const asked = await host.run('sh', ['-c', 'command -v "$1"', 'sh', program]);
    if (asked.exitCode !== 0) throw volumesErrors.noTar({ image, program });
  }
}

async function mountPoints(host: Host): Promise<string[]> {
  const { stdout } = await host.run('cat', ['/proc/self/mounts']);
  // the kernel writes a space as \\040
  return stdout
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .map((path) => path.replace(/\\([0-7]{3})/g, (_, code) => String.fromCharCode(Number.parseInt(code, 8))));
}

async function sizeOf(host: Host, directory: string): Promise<number | undefined> {
  const { stdout } = await host.run('du', ['-sk', directory]).catch(() => ({ stdout: '' }));
  const [, kilobytes] = /^(\d+)\s/.exec(stdout) ?? [];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
}

async function clusterIn(host: Host, directory: string): Promise<string | undefined> {
  const script =
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the shell's
    'find "$1" -name pg_control | while IFS= read -r f; do d=${f%/global/pg_control}; [ "$d" != "$f" ] && [ -f "$d/PG_VERSION" ] && printf "%s\\n" "$d" && break; done';
  const { stdout } = await host.run('sh', ['-c', script, 'sh', directory]);
  const [first = ''] = stdout.split('\n');
  return first === '' ? undefined : first.slice(directory.length + 1) || '.';
}
