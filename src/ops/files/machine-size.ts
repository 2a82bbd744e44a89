import { dirname, join } from 'node:path';
import type { Host, HostFiles } from '../../hosts/host.ts';

/** Of the files of /proc and /sys that are read here. */
const SMALL = 65_536;

/** What a server may take of the machine that it runs on; undefined for what is not told. */
export interface MachineSize {
  /** Bytes: of the machine, or less where a limit of the container or the service is lower. */
  readonly memory: number | undefined;
  /** Processors, or the share of them that it may use, rounded down to at least one. */
  readonly cores: number | undefined;
}

/** The memory and the processors that a process of the host may use: the limits of its cgroups count (v1 and v2). */
export async function sizeOf(host: Host, pid: number): Promise<MachineSize> {
  const { files, platform } = host;
  if (platform !== 'linux') return { memory: undefined, cores: host.processors };
  const [, kilobytes] = /^MemTotal:\s+(\d+) kB$/m.exec((await text(files, '/proc/meminfo')) ?? '') ?? [];
  const groups = await groupsOf(files, pid);
  const memory = [
    ...(kilobytes === undefined ? [] : [Number(kilobytes) * 1024]),
    ...(await limits(groups, 'memory', (at) => memoryLimit(files, at))),
  ];
  const shares = await limits(groups, 'cpu', (at) => cpuLimit(files, at));
  return {
    memory: memory.length === 0 ? undefined : Math.min(...memory),
    cores: Math.max(1, Math.floor(Math.min(host.processors, ...shares))),
  };
}

async function text(files: HostFiles, path: string): Promise<string | undefined> {
  return files.read(path, SMALL).then(
    (content) => content.toString('utf8'),
    () => undefined,
  );
}

interface Groups {
  /** Directory below /sys/fs/cgroup by controller; `''` is the one hierarchy of v2. */
  readonly paths: ReadonlyMap<string, string>;
}

async function groupsOf(files: HostFiles, pid: number): Promise<Groups> {
  const lines = ((await text(files, `/proc/${pid}/cgroup`)) ?? '').split('\n');
  // `4:cpu,cpuacct:/docker/…`, and `0::/system.slice/…` of v2
  return {
    paths: new Map(
      lines.flatMap((line) => {
        const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
        if (controllers === undefined || path === undefined) return [];
        return controllers.split(',').map((one) => [one, path] as const);
      }),
    ),
  };
}

/** What the groups above a process set as its limit, each by its own. In a container it may see its own as `/`. */
async function limits(
  { paths }: Groups,
  controller: 'memory' | 'cpu',
  limitOf: (directory: string) => Promise<number | undefined>,
): Promise<number[]> {
  const found: number[] = [];
  const seen = new Set<string>();
  for (const [key, root] of [
    [controller, `/sys/fs/cgroup/${controller}`],
    ['', '/sys/fs/cgroup'],
    ['', '/sys/fs/cgroup/unified'],
  ] as const) {
    const path = paths.get(key);
    if (path === undefined) continue;
    for (let at = path; ; at = dirname(at)) {
      const directory = at === '/' ? root : join(root, at);
      const limit = seen.has(directory) ? undefined : await limitOf(directory);
      seen.add(directory);
      if (limit !== undefined) found.push(limit);
      if (at === dirname(at)) break;
    }
  }
  return found;
}

/** v1 writes the largest number that it knows where there is none; v2 writes `max`. */
const NO_LIMIT = 2 ** 60;

async function memoryLimit(files: HostFiles, directory: string): Promise<number | undefined> {
  const written =
    (await text(files, `${directory}/memory.max`)) ??
    (await text(files, `${directory}/memory.limit_in_bytes`));
  const limit = Number(written?.trim() || Number.NaN);
  return limit > 0 && limit < NO_LIMIT ? limit : undefined;
}

async function cpuLimit(files: HostFiles, directory: string): Promise<number | undefined> {
  const both = (await text(files, `${directory}/cpu.max`))?.trim().split(' ') ?? [
    (await text(files, `${directory}/cpu.cfs_quota_us`))?.trim(),
    (await text(files, `${directory}/cpu.cfs_period_us`))?.trim(),
  ];
  const share = Number(both[0]) / Number(both[1]);
  return share > 0 ? share : undefined;
}

/** Whether the disk below a directory turns; undefined where the system does not tell. */
export async function isRotating({ files, platform }: Host, directory: string): Promise<boolean | undefined> {
  if (platform !== 'linux') return undefined;
  const device = await files.facts(directory).then(
    (facts) => facts.device,
    () => undefined,
  );
  if (device === undefined) return undefined;
  // as makedev() of glibc, for numbers below 2^32
  const major = (device >>> 8) & 0xfff;
  const minor = (device & 0xff) | ((device >>> 12) & 0xfff00);
  const block = `/sys/dev/block/${major}:${minor}`;
  // of a partition the disk says it
  const told =
    (await text(files, `${block}/queue/rotational`)) ??
    (await files.real(block).then(
      (real) => text(files, join(dirname(real), 'queue/rotational')),
      () => undefined,
    ));
  return told === undefined ? undefined : told.trim() === '1';
}
