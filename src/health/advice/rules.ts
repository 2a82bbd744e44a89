import { type Memory, memoryAtMost } from './memory.ts';

const MB = 1024 ** 2;
const GB = 1024 ** 3;

/** What advice is made of; undefined for what is not known. Sizes in bytes. */
export interface Known extends Memory {
  readonly major: number;
  readonly memory: number | undefined;
  readonly cores: number | undefined;
  readonly storage: 'ssd' | 'hdd' | undefined;
  /** A setting that is a size; undefined for one that stands for another (-1), or is not known. */
  bytes(name: string): number | undefined;
  number(name: string): number | undefined;
  text(name: string): string | undefined;
}

/** What is advised: a value as it is written, that it is well as it is, or what has to be known first. */
export type Verdict =
  | { readonly set: string }
  | 'well'
  | { readonly missing: 'memory' | 'cores' | 'storage' };

/** A setting, what it should be, and why. */
export interface Rule {
  readonly name: string;
  readonly judge: (known: Known) => Verdict;
  readonly reason: string;
  /** What it costs, or can. */
  readonly cost: string;
}

/** A size in whole megabytes, of large ones in steps of 128; in gigabytes where that is the same. */
export function sizeText(size: number): string {
  const whole = Math.max(1, Math.floor(size / MB));
  const megabytes = whole < 2048 ? whole : whole - (whole % 128);
  return megabytes % 1024 === 0 ? `${megabytes / 1024}GB` : `${megabytes}MB`;
}

/** A quarter of the memory. Beyond 64 GB more has seldom helped, and checkpoints and clean-up read all of it. */
export function sharedBuffersFor(memory: number): number {
  return Math.max(128 * MB, Math.min(64 * GB, memory / 4));
}

/** Half of what shared_buffers leave, for a sort of each connection, hashes as often as they may. */
export function workMemFor(memory: number, known: Memory): number {
  const shared = sharedBuffersFor(memory);
  const each = (memory - shared) / 2 / (Math.max(1, known.connections ?? 100) * (known.hashMultiplier ?? 1));
  return Math.max(4 * MB, Math.min(64 * MB, each));
}

/** A sixteenth of the memory: VACUUM before 17 uses no more than 1 GB of it. */
export function maintenanceFor(memory: number): number {
  return Math.max(64 * MB, Math.min(GB, memory / 16));
}

/** Of a size that need not be met to the byte. */
const near = (have: number | undefined, want: number, low = 0.75, high = 1.6) =>
  have !== undefined && have >= want * low && have <= want * high;

type Sized = (memory: number, known: Known) => number;

function size(name: string, want: Sized, low?: number, high?: number): Rule['judge'] {
  return (known) => {
    if (known.memory === undefined) return { missing: 'memory' };
    const wanted = want(known.memory, known);
    return near(known.bytes(name), wanted, low, high) ? 'well' : { set: sizeText(wanted) };
  };
}

function cores(name: string, want: (cores: number) => number): Rule['judge'] {
  return (known) => {
    if (known.cores === undefined) return { missing: 'cores' };
    const wanted = want(known.cores);
    const now = known.number(name);
    // workers that wait for a core cost; a few more than there are do not
    return now !== undefined && now >= wanted && now <= Math.max(wanted, 8)
      ? 'well'
      : { set: String(wanted) };
  };
}

/** The runbooks' rules, from memory, cores, storage and connections. */
export const RULES: readonly Rule[] = [
  {
    name: 'shared_buffers',
    judge: size('shared_buffers', sharedBuffersFor),
    reason: 'About a quarter of the memory: pages that are found in it need not be asked of the system.',
    cost: 'A restart, after which the cache is cold. The memory is taken from sessions and from the cache of the system.',
  },
  {
    name: 'effective_cache_size',
    judge: size('effective_cache_size', (memory) => memory * 0.75, 0.8, 1.25),
    reason:
      'About three quarters of the memory: by it the planner reckons what is cached, and so whether an index pays.',
    cost: 'Takes no memory. Plans may change, to index scans where it grows.',
  },
  {
    name: 'work_mem',
    judge: (known) => {
      if (known.memory === undefined) return { missing: 'memory' };
      const wanted = workMemFor(known.memory, known);
      const now = known.bytes('work_mem');
      // less than could be is somebody's choice; more than all connections can take is none
      if (now === undefined) return { set: sizeText(wanted) };
      const most = memoryAtMost(known);
      const beyond = most !== undefined && most > known.memory && now > wanted;
      return beyond || now < wanted * 0.5 ? { set: sizeText(wanted) } : 'well';
    },
    reason:
      'Each sort and hash may take it, in every connection: half of what shared_buffers leave, divided among them.',
    cost: 'Too much, and the kernel ends the server when many sort at once; too little, and sorts go to files. Roles with reports may get more by ALTER ROLE.',
  },
  {
    name: 'maintenance_work_mem',
    judge: size('maintenance_work_mem', maintenanceFor, 0.75, 2.1),
    reason:
      'A sixteenth of the memory, 1 GB at most: VACUUM and CREATE INDEX go through their work in fewer passes.',
    cost: 'Each autovacuum worker may take as much, unless autovacuum_work_mem says less.',
  },
  {
    name: 'wal_buffers',
    judge: (known) => {
      const now = known.bytes('wal_buffers');
      const shared = known.bytes('shared_buffers');
      if (now === undefined || shared === undefined) return 'well';
      // what -1 comes to: a 32nd of shared_buffers, a segment at most
      const wanted = Math.min(16 * MB, shared / 32);
      return now >= wanted * 0.9 ? 'well' : { set: '-1' };
    },
    reason:
      'With -1 the server takes a 32nd of shared_buffers, up to a segment of WAL (16 MB): commits wait less for it.',
    cost: 'A restart, and at most 16 MB of memory.',
  },
  {
    name: 'checkpoint_completion_target',
    judge: (known) =>
      (known.number('checkpoint_completion_target') ?? 0.9) >= 0.85 ? 'well' : { set: '0.9' },
    reason:
      'Checkpoints write through nine tenths of the time until the next one, not in a rush (the default from 14 on).',
    cost: 'Recovery after a crash may take a little longer, and a little more WAL is kept.',
  },
  {
    name: 'random_page_cost',
    judge: (known) => {
      if (known.storage === undefined) return { missing: 'storage' };
      const now = known.number('random_page_cost') ?? 4;
      if (known.storage === 'ssd') return now <= 2 ? 'well' : { set: '1.1' };
      return now >= 2.5 ? 'well' : { set: '4' };
    },
    reason:
      'On an SSD a page at random costs hardly more than the next one; on a disk that turns it costs four times as much.',
    cost: 'Plans change, to index scans where it shrinks: look at the slowest statements afterwards.',
  },
  {
    name: 'effective_io_concurrency',
    judge: (known) => {
      if (known.storage === undefined) return { missing: 'storage' };
      const now = known.number('effective_io_concurrency') ?? 1;
      return known.storage === 'hdd' || now >= 16 ? 'well' : { set: '200' };
    },
    reason:
      'An SSD answers many requests at once: bitmap scans, and from 18 on other reads, ask for pages ahead.',
    cost: 'A slow or shared volume gets a longer queue.',
  },
  {
    name: 'max_connections',
    judge: (known) => {
      if (known.cores === undefined) return { missing: 'cores' };
      const wanted = Math.max(200, known.cores * 25);
      return (known.connections ?? 100) <= wanted ? 'well' : { set: String(wanted) };
    },
    reason:
      'No more than some dozens of sessions for each core get work done at a time; the others cost memory and snapshots.',
    cost: 'A restart; clients beyond it are refused: put a pooler before the server first. Standbys must have as many as their primary.',
  },
  {
    name: 'max_worker_processes',
    judge: cores('max_worker_processes', (n) => Math.max(8, n)),
    reason:
      'One for each core, and no less than the default: parallel queries take their workers from these.',
    cost: 'A restart. Standbys must have as many as their primary: theirs first.',
  },
  {
    name: 'max_parallel_workers',
    judge: cores('max_parallel_workers', (n) => n),
    reason: 'Parallel queries together take no more workers than there are cores.',
    cost: 'With many sessions at work at once, fewer leave more for each of them.',
  },
  {
    name: 'max_parallel_workers_per_gather',
    judge: (known) => {
      if (known.cores === undefined) return { missing: 'cores' };
      const wanted = Math.max(0, Math.min(4, Math.floor(known.cores / 2)));
      const now = known.number('max_parallel_workers_per_gather') ?? 2;
      return now > known.cores || (known.cores >= 4 && now < 2) ? { set: String(wanted) } : 'well';
    },
    reason: 'A query takes at most half of the cores, four at most.',
    cost: 'Each worker may take work_mem again.',
  },
];
