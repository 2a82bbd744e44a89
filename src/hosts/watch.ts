import { endGroup } from './group.ts';
import { CommandError, type RunOptions } from './host.ts';
import { watchStall } from './stall.ts';

/** Why we ended a command. */
export type Why = 'cancelled' | 'timeout' | 'stalled';

/** Ends groups when the signal aborts, the time is up or nothing moves any more. */
export interface Watch {
  /** The error to throw when it ended them; undefined when they ended by themselves. */
  error(program: string, stderr: string): CommandError | undefined;
  stop(): void;
}

export function watch(
  groups: readonly number[],
  ended: Promise<unknown>,
  { signal, timeout, stallMs }: Pick<RunOptions, 'signal' | 'timeout' | 'stallMs'>,
): Watch {
  let why: Why | undefined;
  const end = (reason: Why) => {
    why ??= reason;
    for (const group of groups) endGroup(group, ended);
  };
  const onAbort = () => end('cancelled');
  if (signal?.aborted) onAbort();
  signal?.addEventListener('abort', onAbort, { once: true });
  const timer = timeout === undefined ? undefined : setTimeout(() => end('timeout'), timeout);
  const unwatch = stallMs === undefined ? undefined : watchStall(groups, stallMs, () => end('stalled'));
  return {
    error: (program, stderr) =>
      why === undefined ? undefined : endedError(why, program, stderr, { timeout, stallMs }),
    stop: () => {
      clearTimeout(timer);
      unwatch?.();
      signal?.removeEventListener('abort', onAbort);
    },
  };
}

/** The error of a command that we ended. */
export function endedError(
  why: Why,
  program: string,
  stderr: string,
  { timeout, stallMs }: { readonly timeout: number | undefined; readonly stallMs: number | undefined },
): CommandError {
  if (why === 'cancelled') return cancelled(program, stderr);
  const text =
    why === 'timeout'
      ? `it took longer than ${timeout} ms`
      : `it read and wrote nothing for ${(stallMs ?? 0) / 1000} s`;
  return new CommandError(why, `${program} was ended: ${text}.`, stderr);
}

export function cancelled(program: string, stderr = ''): CommandError {
  return new CommandError('cancelled', `${program} was cancelled.`, stderr);
}
