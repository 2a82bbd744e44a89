import { readdirSync, readFileSync } from 'node:fs';

/**
 * Calls `onStall` once when the groups have read and written nothing for `ms` milliseconds. Time on the processor
 * does not count: a program that spins on a damaged file uses all of it. Where the system has no /proc it never calls.
 * Returns how to stop watching.
 */
export function watchStall(groups: readonly number[], ms: number, onStall: () => void): () => void {
  let last = moved(groups);
  let since = performance.now();
  if (last === undefined) return () => {};
  const timer = setInterval(
    () => {
      const now = moved(groups);
      if (now !== last) {
        last = now;
        since = performance.now();
      } else if (performance.now() - since >= ms) {
        clearInterval(timer);
        onStall();
      }
    },
    Math.max(20, Math.min(1_000, ms / 4)),
  );
  return () => clearInterval(timer);
}

/** What the processes of the groups have read and written so far, as a text that differs when it has grown. */
function moved(groups: readonly number[]): string | undefined {
  let pids: string[];
  try {
    pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  } catch {
    return undefined;
  }
  return pids.flatMap((pid) => ofProcess(pid, groups) ?? []).join(' ');
}

function ofProcess(pid: string, groups: readonly number[]): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // the command's name stands in parentheses and may hold blanks; the group is the third field after it
    const group = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2]);
    if (!groups.includes(group)) return undefined;
    const io = readFileSync(`/proc/${pid}/io`, 'utf8');
    return `${pid}:${/^rchar: (\d+)/m.exec(io)?.[1]}:${/^wchar: (\d+)/m.exec(io)?.[1]}`;
  } catch {
    // it has ended meanwhile
    return undefined;
  }
}
