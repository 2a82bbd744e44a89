import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Processes } from '../../src/hosts/processes.ts';
import { temporaryDirectory } from '../support/program.ts';
import { until } from '../support/until.ts';

/** What the system itself says, in its words. */
const said = (pid: number | string, file: string) => readFileSync(`/proc/${pid}/${file}`, 'utf8');
const kilobytes = (pid: number, name: string) =>
  Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(said(pid, 'status'))?.[1]);

test('a process: its name, its parent, its age and what it takes', async () => {
  const asked = Date.now() / 1000;
  const child = spawn('sleep', ['100']);
  await once(child, 'spawn');
  const pid = child.pid as number;
  try {
    const processes = new Processes();
    // it is loaded piece by piece
    await until(() => said(pid, 'wchan').includes('nanosleep'), { what: 'sleep to sleep' });
    const counts = processes.of(pid);
    expect(counts).toMatchObject({ name: 'sleep', parent: process.pid, cpuSeconds: expect.any(Number) });
    expect(counts?.ownBytes).toBe(kilobytes(pid, 'RssAnon') * 1024);
    // all that it has in memory is more by the pages of its program, which others have too
    expect(counts?.ownBytes).toBeLessThan(kilobytes(pid, 'VmRSS') * 1024);
    const [booted] = processes.booted();
    expect(Math.abs((booted ?? 0) + (counts?.started ?? 0) - asked)).toBeLessThan(2);
    expect(processes.title(pid)).toBe('sleep 100 ');
    const io = said(pid, 'io');
    expect(counts?.io).toEqual({
      readBytes: Number(/^read_bytes: (\d+)/m.exec(io)?.[1]),
      writtenBytes: Number(/^write_bytes: (\d+)/m.exec(io)?.[1]),
    });
  } finally {
    child.kill('SIGKILL');
    await once(child, 'close');
  }
  expect(new Processes().of(pid)).toBeUndefined();
});

test('the time on a processor is that which the process itself reckons', () => {
  const processes = new Processes();
  const before = processes.of(process.pid)?.cpuSeconds ?? Number.NaN;
  const from = process.cpuUsage();
  while (process.cpuUsage(from).user < 200_000);
  const { user, system } = process.cpuUsage(from);
  const after = processes.of(process.pid)?.cpuSeconds ?? Number.NaN;
  expect(Math.abs(after - before - (user + system) / 1e6)).toBeLessThan(0.03);
});

/** A system with one process. */
function system(files: Readonly<Record<string, string>>): Processes {
  const root = temporaryDirectory();
  for (const name of ['7', 'self', '1']) mkdirSync(join(root, name));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(root, name), text);
  return new Processes(root);
}

const STAT = `7 (a) b (c) S 3 7 7 0 -1 4194560 1 2 3 4 150 50 9 9 20 0 1 0 12345 999 888 ${'0 '.repeat(30)}`;
const SELF = { 'self/status': 'VmSize:\t   6400 kB\n', 'self/statm': '100 50 20 1 0 1 0\n' };

test('a name may hold what stands behind it, and pages may be large', () => {
  const processes = system({ '7/stat': STAT, '7/statm': '500 30 10 1 0 9 0\n', ...SELF });
  expect(processes.of(7)).toEqual({
    name: 'a) b (c',
    parent: 3,
    started: 123.45,
    cpuSeconds: 2,
    ownBytes: 20 * 65_536,
    // what is not to be read is not nothing
    io: null,
  });
});

test('where a container is shown an uptime of its own, the boot of the machine is known from its first process', () => {
  const processes = system({
    uptime: '100.00 1.00\n',
    '1/stat': STAT.replace('12345', '500000'),
    '1/statm': '500 30 10 1 0 9 0\n',
    ...SELF,
  });
  const [own, machine] = processes.booted();
  expect(Math.abs(Date.now() / 1000 - 100 - (own ?? 0))).toBeLessThan(2);
  expect((own ?? 0) - (machine ?? 0)).toBeCloseTo(5000, 6);
});

test('without /proc nothing is known', () => {
  const processes = new Processes(join(temporaryDirectory(), 'none'));
  expect(processes.of(process.pid)).toBeUndefined();
  expect(processes.booted()).toEqual([]);
});
