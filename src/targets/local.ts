import { basename } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { execa } from 'execa';
import {
  CommandError,
  type CommandOptions,
  type Exit,
  type Host,
  type Running,
  type RunOptions,
  type RunResult,
  type StartOptions,
} from './target.ts';

/** Debian's package for each program that pgdeck runs. */
const PACKAGES: Record<string, string> = {
  initdb: 'postgresql',
  postgres: 'postgresql',
  pg_ctl: 'postgresql',
  pg_controldata: 'postgresql',
  pg_amcheck: 'postgresql',
  docker: 'docker.io',
  kubectl: 'kubernetes-client',
  ssh: 'openssh-client',
  rsync: 'rsync',
  zstd: 'zstd',
  gzip: 'gzip',
  pgbackrest: 'pgbackrest',
};
const CLIENT_PROGRAM = /^(psql|createdb|dropdb|vacuumdb|reindexdb|pg_\w+)$/;

const GRACE_MS = 5_000;

/** Groups to end with this process. A detached child would outlive us, and a wrapper's children too. */
const groups = new Set<number>();
let exitHook = false;

function endWithUs(pid: number): void {
  groups.add(pid);
  if (exitHook) return;
  exitHook = true;
  process.on('exit', () => {
    for (const group of groups) killGroup(group, 'SIGTERM');
  });
}

function killGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // the group has ended already
  }
}

/** SIGTERM to the group, SIGKILL after the grace time; the timer ends with the process. */
function endGroup(pid: number, ended: Promise<unknown>, grace: number): void {
  killGroup(pid, 'SIGTERM');
  const timer = setTimeout(() => killGroup(pid, 'SIGKILL'), grace);
  void ended.finally(() => clearTimeout(timer));
}

/** The execa options every command gets: a group of its own, nothing buffered or thrown by execa. */
function common(options: CommandOptions) {
  return {
    detached: true,
    // execa would end the child alone; we end its group
    cleanup: false,
    reject: false,
    extendEnv: false,
    env: withoutUndefined({ ...process.env, ...options.env }),
    ...(options.cwd !== undefined && { cwd: options.cwd }),
    ...(options.uid !== undefined && { uid: options.uid }),
    ...(options.gid !== undefined && { gid: options.gid }),
  } as const;
}

function withoutUndefined(env: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter((e): e is [string, string] => e[1] !== undefined));
}

function startError(command: string, error: unknown): CommandError {
  const program = basename(command);
  const code = (error as { code?: string } | undefined)?.code;
  if (code === 'ENOENT') {
    const pack = PACKAGES[program] ?? (CLIENT_PROGRAM.test(program) ? 'postgresql-client' : undefined);
    const next =
      pack === undefined
        ? 'install it, or put it on PATH'
        : `install it, on Debian with: apt install ${pack}`;
    return new CommandError('missing', `${program} was not found: ${next}.`, '', error);
  }
  if (code === 'EACCES' || code === 'EPERM')
    return new CommandError(
      'denied',
      `${program} may not be run by this user: check its permissions.`,
      '',
      error,
    );
  const why = error instanceof Error ? error.message.split('\n')[0] : String(error);
  return new CommandError('other', `${program} could not be started: ${why}.`, '', error);
}

function collect(stream: Readable, onLine: ((line: string) => void) | undefined): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    stream.setEncoding('utf8');
    stream.on('data', (chunk: string) => {
      text += chunk;
    });
    stream.on('error', () => resolve(text));
    if (onLine === undefined) stream.on('end', () => resolve(text));
    else
      createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })
        .on('line', onLine)
        .on('close', () => resolve(text));
  });
}

/**
 * Runs a command to its end and returns its exit code and output, whatever the code.
 *
 * Throws {@link CommandError} when the program is missing or may not be run, when the signal or the timeout
 * ended it, and when it was killed.
 */
export async function run(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  const program = basename(command);
  const { signal, onLine, timeout } = options;
  const cancelled = (stderr = '') => new CommandError('cancelled', `${program} was cancelled.`, stderr);
  if (signal?.aborted) throw cancelled();

  const child = execa(command, args, {
    ...common(options),
    buffer: false,
    ...(options.input === undefined ? { stdin: 'ignore' as const } : { input: options.input }),
  });
  const { pid } = child;
  if (pid === undefined) throw startError(command, (await child).cause);
  endWithUs(pid);
  options.onStart?.(pid);

  let why: 'cancelled' | 'timeout' | undefined;
  const end = (reason: 'cancelled' | 'timeout') => {
    why ??= reason;
    endGroup(pid, child, GRACE_MS);
  };
  const onAbort = () => end('cancelled');
  signal?.addEventListener('abort', onAbort, { once: true });
  const timer = timeout === undefined ? undefined : setTimeout(() => end('timeout'), timeout);
  try {
    const [result, stdout, stderr] = await Promise.all([
      child,
      collect(child.stdout, onLine && ((line) => onLine(line, 'stdout'))),
      collect(child.stderr, onLine && ((line) => onLine(line, 'stderr'))),
    ]);
    if (why === 'cancelled') throw cancelled(stderr);
    if (why === 'timeout')
      throw new CommandError('timeout', `${program} was ended: it took longer than ${timeout} ms.`, stderr);
    if (result.signal !== undefined)
      throw new CommandError('signal', `${program} was killed by ${result.signal}.`, stderr);
    if (result.exitCode === undefined) throw startError(command, result.cause);
    return { exitCode: result.exitCode, stdout, stderr };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
    groups.delete(pid);
  }
}

/** Starts a command that keeps running, in a group of its own. Throws {@link CommandError} when it cannot start. */
export async function start(
  command: string,
  args: readonly string[],
  options: StartOptions = {},
): Promise<Running> {
  const output = options.output ?? 'ignore';
  const child = execa(command, args, {
    ...common(options),
    buffer: false,
    stdin: 'pipe',
    stdout: output,
    stderr: output,
  });
  const { pid } = child;
  if (pid === undefined) throw startError(command, (await child).cause);
  if (!options.outlive) endWithUs(pid);
  // a child that ends without reading its input is no error of ours
  child.stdin.on('error', () => {});

  let exit: Exit | undefined;
  const exited = child.then((result): Exit => {
    groups.delete(pid);
    exit = { exitCode: result.exitCode, signal: result.signal };
    return exit;
  });
  const stop = (grace = GRACE_MS) => {
    if (exit === undefined) endGroup(pid, exited, grace);
    return exited;
  };
  options.signal?.addEventListener('abort', () => void stop(), { once: true });
  return {
    pid,
    exited,
    get exit() {
      return exit;
    },
    write: (line) => void child.stdin.write(`${line}\n`),
    closeInput: () => child.stdin.end(),
    signal: (name) => void child.kill(name),
    stop,
    hold: (on) => {
      const input = child.stdin as unknown as { ref?(): void; unref?(): void };
      if (on) {
        child.nodeChildProcess.ref();
        input.ref?.();
      } else {
        child.nodeChildProcess.unref();
        input.unref?.();
      }
    },
  };
}

/** Commands on this machine. */
export const local: Host = { label: 'this machine', run, start };
