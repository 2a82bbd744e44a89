import { readdirSync, readFileSync } from 'node:fs';

/** CPU time a process has used, all threads, in milliseconds. Threads that have ended are not in it. */
export function cpuMs(pid: number): number {
  let ns = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    // the scheduler counts nanoseconds; /proc/PID/stat has ticks of 10 ms
    const text = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8');
    ns += Number(text.split(' ')[0]);
  }
  return ns / 1e6;
}

/** Memory of a process that is in RAM, in MB (of 1,000,000 bytes), pages shared with others included. */
export function rssMb(pid: number): number {
  const kib = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0;
  return (Number(kib) * 1024) / 1e6;
}

/** The most memory of a process that was ever in RAM, in MB (of 1,000,000 bytes); 0 once it has ended. */
export function peakMb(pid: number): number {
  try {
    const kib = /^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0;
    return (Number(kib) * 1024) / 1e6;
  } catch {
    return 0;
  }
}
