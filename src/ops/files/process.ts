import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';

/** Who wrote something down, so that others can tell whether it still runs. */
export interface ProcessMark {
  readonly host: string;
  readonly pid: number;
  /** What tells it from another process with the same pid; null where the system does not say. */
  readonly process_started: string | null;
}

export function thisProcess(): ProcessMark {
  return { host: hostname(), pid: process.pid, process_started: processStart(process.pid) };
}

/** Whether the process still runs; one on another machine counts as running. */
export function isAlive({ host, pid, process_started }: ProcessMark): boolean {
  if (host !== hostname()) return true;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  return processStart(pid) === process_started;
}

function processStart(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // the command's name stands in parentheses and may hold blanks; starttime is the 20th field after it
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}
