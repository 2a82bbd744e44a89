import { dirname, join } from 'node:path';
import type { Host } from '../../hosts/host.ts';
import { textsOf } from './texts.ts';

/** What a server may take of the machine that it runs on; undefined for what is not told. */
export interface MachineSize {
  /** Bytes: of the machine, or less where a limit of the container or the service is lower. */
  readonly memory: number | undefined;
  /** Processors, or the share of them that it may use, rounded down to at least one. */
  readonly cores: number | undefined;
}

/** The memory and the processors that a process of the host may use: the limits of its cgroups count (v1 and v2). */
export async function sizeOf(host: Host, pid: number): Promise<MachineSize> {
  if (host.platform !== 'linux') return { memory: undefined, cores: host.processors };
  const [meminfo, cgroup] = await textsOf(host, ['/proc/meminfo', `/proc/${pid}/cgroup`]);
  const [, kilobytes] = /^MemTotal:\s+(\d+) kB$/m.exec(meminfo ?? '') ?? [];
  const groups = groupsIn(cgroup ?? '');
  const [forMemory, forCpu] = [directoriesOf(groups, 'memory'), directoriesOf(groups, 'cpu')];
  const paths = [
    ...forMemory.flatMap((at) => MEMORY.map((name) => `${at}/${name}`)),
    ...forCpu.flatMap((at) => CPU.map((name) => `${at}/${name}`)),
  ];
  const texts = await textsOf(host, paths);
  const read = new Map(paths.map((path, at) => [path, texts[at]?.trim()]));
  const memory = [
    ...(kilobytes === undefined ? [] : [Number(kilobytes) * 1024]),
    ...forMemory.flatMap((at) => memoryLimit(read, at) ?? []),
  ];
  const shares = forCpu.flatMap((at) => cpuLimit(read, at) ?? []);
  return {
    memory: memory.length === 0 ? undefined : Math.min(...memory),
    cores: Math.max(1, Math.floor(Math.min(host.processors, ...shares))),
  };
}

/** Directory below /sys/fs/cgroup by controller; `''` is the one hierarchy of v2. */
type Groups = ReadonlyMap<string, string>;

/** `4:cpu,cpuacct:/docker/…`, and `0::/system.slice/…` of v2. */
function groupsIn(text: string): Groups {
  return new Map(
    text.split('\n').flatMap((line) => {
      const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
      if (controllers === undefined || path === undefined) return [];
      return controllers.split(',').map((one) => [one, path] as const);
    }),
  );
}

/** Of the groups above a process, each of which may have a limit. In a container it may see its own as `/`. */
function directoriesOf(groups: Groups, controller: 'memory' | 'cpu'): string[] {
  const found = new Set<string>();
  for (const [key, root] of [
    [controller, `/sys/fs/cgroup/${controller}`],
    ['', '/sys/fs/cgroup'],
    ['', '/sys/fs/cgroup/unified'],
  ] as const) {
    const path = groups.get(key);
    if (path === undefined) continue;
    for (let at = path; ; at = dirname(at)) {
      found.add(at === '/' ? root : join(root, at));
      if (at === dirname(at)) break;
    }
  }
  return [...found];
}

/** Of v2, and of v1. */
const MEMORY = ['memory.max', 'memory.limit_in_bytes'] as const;
const CPU = ['cpu.max', 'cpu.cfs_quota_us', 'cpu.cfs_period_us'] as const;
/** v1 writes the largest number that it knows where there is none; v2 writes `max`. */
const NO_LIMIT = 2 ** 60;

type Read = ReadonlyMap<string, string | undefined>;

function memoryLimit(read: Read, directory: string): number | undefined {
  const [v2, v1] = MEMORY.map((name) => read.get(`${directory}/${name}`));
  const limit = Number((v2 ?? v1) || Number.NaN);
  return limit > 0 && limit < NO_LIMIT ? limit : undefined;
}

function cpuLimit(read: Read, directory: string): number | undefined {
  const [max, quota, period] = CPU.map((name) => read.get(`${directory}/${name}`));
  const both = max?.split(' ') ?? [quota, period];
  const share = Number(both[0]) / Number(both[1]);
  return share > 0 ? share : undefined;
}

/** Whether the disk below a directory turns; undefined where the system does not tell. */
export async function isRotating(host: Host, directory: string): Promise<boolean | undefined> {
  const { files, platform } = host;
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
  const whole = await files.real(block).then(
    (real) => join(dirname(real), 'queue/rotational'),
    () => undefined,
  );
  const [own, above] = await textsOf(host, [
    `${block}/queue/rotational`,
    ...(whole === undefined ? [] : [whole]),
  ]);
  const told = own ?? above;
  return told === undefined ? undefined : told.trim() === '1';
}
