import type { Host } from '../../hosts/host.ts';
import { volumesErrors } from './errors.ts';
import { type HelperOptions, withHelper } from './helper.ts';
import type { Volume } from './source.ts';

/** What is known of a volume before it is archived. */
export interface Seen extends Volume {
  /** Bytes on its disk; undefined where it cannot be told. */
  readonly bytes: number | undefined;
  /** Where in it a data directory of PostgreSQL lies, `.` being all of it. */
  readonly cluster: string | undefined;
}

const at = (n: number): string => `/pgdeck-volume-${n}`;

/** Looks into volumes by a container that may only read them. Throws OpError, CommandError. */
export async function lookInto(
  volumes: readonly Volume[],
  options: Omit<HelperOptions, 'mounts' | 'what'>,
): Promise<Seen[]> {
  const mounts = volumes.map(({ source }, n) => ({ source, at: at(n) }));
  return withHelper({ ...options, mounts, what: 'look into the volumes' }, async (host) => {
    await needPrograms(host, options.container.image);
    const seen: Seen[] = [];
    for (const [n, volume] of volumes.entries())
      seen.push({ ...volume, bytes: await sizeOf(host, at(n)), cluster: await clusterIn(host, at(n)) });
    return seen;
  });
}

async function needPrograms(host: Host, image: string): Promise<void> {
  for (const program of ['tar', 'gzip']) {
    const asked = await host.run('sh', ['-c', 'command -v "$1"', 'sh', program]);
    if (asked.exitCode !== 0) throw volumesErrors.noTar({ image, program });
  }
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
