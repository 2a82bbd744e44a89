/** Milliseconds between SIGTERM and SIGKILL. */
export const GRACE_MS = 5_000;

/** Groups to end with this process. A detached child would outlive us, and a wrapper's children too. */
const groups = new Set<number>();
let exitHook = false;

export function endWithUs(pid: number): void {
  groups.add(pid);
  if (exitHook) return;
  exitHook = true;
  process.on('exit', () => {
    for (const group of groups) killGroup(group, 'SIGTERM');
  });
}

/** It has ended. */
export function forget(pid: number): void {
  groups.delete(pid);
}

function killGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // the group has ended already
  }
}

/** SIGTERM to the group, SIGKILL after the grace time; the timer ends with the process. */
export function endGroup(pid: number, ended: Promise<unknown>, grace: number = GRACE_MS): void {
  killGroup(pid, 'SIGTERM');
  const timer = setTimeout(() => killGroup(pid, 'SIGKILL'), grace);
  const clear = () => clearTimeout(timer);
  ended.then(clear, clear);
}
