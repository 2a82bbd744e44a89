import { expect, test } from 'vitest';
import type { Host } from '../../../src/hosts/host.ts';
import { local } from '../../../src/hosts/local.ts';
import { isRotating, sizeOf } from '../../../src/ops/files/machine-size.ts';

const MB = 1024 ** 2;
const MEMINFO = 'MemTotal:       8388608 kB\nMemFree: 1 kB\n';

/** A Linux machine with eight processors whose files are these. */
function machine(files: Record<string, string>, device = 0): Host {
  const read = async (path: string) => {
    const text = { '/proc/meminfo': MEMINFO, ...files }[path];
    if (text === undefined) throw Object.assign(new Error(path), { code: 'ENOENT' });
    return Buffer.from(text);
  };
  const facts = async () => ({ kind: 'directory', size: 0, modified: 0, device, inode: 1 }) as const;
  const real = async (path: string) => files[`real ${path}`] ?? path;
  return { ...local, platform: 'linux', processors: 8, files: { ...local.files, read, facts, real } };
}

test.each<[string, Record<string, string>, { memory: number; cores: number }]>([
  ['none', {}, { memory: 8192 * MB, cores: 8 }],
  [
    'v2: the lowest one above the process counts, with and without the groups of a container',
    {
      '/proc/7/cgroup': '0::/system.slice/postgresql.service\n',
      '/sys/fs/cgroup/system.slice/postgresql.service/memory.max': 'max\n',
      '/sys/fs/cgroup/system.slice/postgresql.service/cpu.max': '250000 100000\n',
      '/sys/fs/cgroup/system.slice/memory.max': `${2048 * MB}\n`,
    },
    { memory: 2048 * MB, cores: 2 },
  ],
  [
    'v2 within a container, whose own group is the root',
    {
      '/proc/7/cgroup': '0::/\n',
      '/sys/fs/cgroup/memory.max': `${1024 * MB}\n`,
      '/sys/fs/cgroup/cpu.max': 'max 100000\n',
    },
    { memory: 1024 * MB, cores: 8 },
  ],
  [
    'v1',
    {
      '/proc/7/cgroup': '9:memory:/docker/abc\n4:cpu,cpuacct:/docker/abc\n',
      '/sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes': `${512 * MB}\n`,
      '/sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712\n',
      '/sys/fs/cgroup/cpu/docker/abc/cpu.cfs_quota_us': '50000\n',
      '/sys/fs/cgroup/cpu/docker/abc/cpu.cfs_period_us': '100000\n',
      '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '-1\n',
      '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
    },
    { memory: 512 * MB, cores: 1 },
  ],
])('limits: %s', async (_, files, size) => {
  expect(await sizeOf(machine(files), 7)).toEqual(size);
});

test('another system says less', async () => {
  expect(await sizeOf({ ...machine({}), platform: 'darwin' }, 7)).toEqual({ memory: undefined, cores: 8 });
});

test('a disk that turns, one that does not, a partition of one, and what is not told', async () => {
  const device = (8 << 8) | 1;
  const real = { 'real /sys/dev/block/8:1': '/sys/devices/x/block/sda/sda1' };
  expect(await isRotating(machine({ '/sys/dev/block/8:1/queue/rotational': '0\n' }, device), '/d')).toBe(
    false,
  );
  expect(
    await isRotating(machine({ ...real, '/sys/devices/x/block/sda/queue/rotational': '1\n' }, device), '/d'),
  ).toBe(true);
  expect(await isRotating(machine({}, device), '/d')).toBeUndefined();
});

test('this machine says something', async () => {
  const { memory, cores } = await sizeOf(local, process.pid);
  expect(cores).toBeGreaterThan(0);
  if (process.platform === 'linux') expect(memory).toBeGreaterThan(MB);
});
