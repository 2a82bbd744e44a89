import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { basename } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { environment } from './environment.ts';
import { feed } from './feed.ts';
import { endGroup, endWithUs, forget } from './group.ts';
import { CommandError, type PipeCommand, type PipeOptions, type RunResult } from './host.ts';
import { collect } from './output.ts';
import { startError } from './start-error.ts';
import { cancelled, watch } from './watch.ts';

interface Ended {
  readonly at: number;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

interface PipeProcess {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly program: string;
  readonly ended: Promise<Ended>;
}

/**
 * Runs commands with the output of each as the input of the next; the bytes pass through the kernel, and through this
 * process only where something looks at them. When one fails the others are ended, and its exit code is the result's: what the others say then is
 * only that their neighbour is gone.
 *
 * Throws {@link CommandError} as `run` does, and the error of what it passes through.
 */
export async function pipe(commands: readonly PipeCommand[], options: PipeOptions = {}): Promise<RunResult> {
  const names = commands.map(({ command }) => basename(command)).join(' | ');
  if (options.signal?.aborted) throw cancelled(names);
  const { parts, passing } = await startAll(commands, options);
  const pids = parts.map((part) => part.pid);
  const all = Promise.all(parts.map((part) => part.ended));
  const watching = watch(pids, all, options);
  for (const part of parts)
    void part.ended.then(({ code }) => {
      if (code !== 0) for (const other of parts) if (other !== part) endGroup(other.pid, other.ended);
    });
  const { onLine, onStdout, maxOutput: max } = options;
  const last = parts.at(-1)?.child.stdout ?? null;
  let fault: { error: unknown } | undefined;
  void passing?.catch((error: unknown) => {
    // a reader that is gone has ended with a code of its own
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') fault = { error };
    for (const part of parts.slice(0, fault ? undefined : -1)) endGroup(part.pid, part.ended);
  });
  const [first] = parts;
  if (options.inputFrom !== undefined && first?.child.stdin)
    feed(first.child.stdin, options.inputFrom, first.ended).catch((error: unknown) => {
      fault ??= { error };
      for (const part of parts) endGroup(part.pid, part.ended);
    });
  try {
    const [ends, stdout, ...errors] = await Promise.all([
      all,
      read(last, { onLine: onLine && ((line) => onLine(line, 'stdout')), onChunk: onStdout, max }),
      ...parts.map((part) =>
        read(part.child.stderr, { onLine: onLine && ((line) => onLine(line, 'stderr')), max }),
      ),
    ]);
    const stderr = errors.join('');
    await passing?.catch(() => {});
    const error = watching.error(names, stderr);
    if (error) throw error;
    if (fault) throw fault.error;
    return result(parts, ends, stdout, errors);
  } finally {
    watching.stop();
    for (const pid of pids) forget(pid);
  }
}

function read(stream: Readable | null, options: Parameters<typeof collect>[1]): Promise<string> {
  return stream === null ? Promise.resolve('') : collect(stream, options);
}

/**
 * What a program says that could not write. Its input and output are sockets (libuv), which end with a reset where the
 * reader left something unread.
 */
const NO_READER = /(?:writ|output|stdout).*(?:broken pipe|connection reset by peer)/i;

function result(
  parts: readonly PipeProcess[],
  ends: readonly Ended[],
  stdout: string,
  errors: readonly string[],
): RunResult {
  const stderr = errors.join('');
  const failures = ends
    .map((end, at) => ({ ...end, program: parts[at]?.program ?? '', place: at }))
    .filter((end) => end.code !== 0)
    .sort((a, b) => a.at - b.at);
  const lastCode = Math.max(...failures.map(({ code, place }) => (code === null ? -1 : place)));
  // a writer that dies because its reader is gone is not the cause, whoever is reaped first
  const readerGone = ({ signal, place }: (typeof failures)[number]) =>
    signal === 'SIGPIPE' || (place < lastCode && NO_READER.test(errors[place] ?? ''));
  const cause = failures.find((end) => !readerGone(end)) ?? failures[0];
  if (cause === undefined) return { exitCode: 0, stdout, stderr };
  if (cause.code === null)
    throw new CommandError('signal', `${cause.program} was killed by ${cause.signal}.`, stderr);
  return { exitCode: cause.code, stdout, stderr, program: cause.program };
}

/** The last is started first: its standard input is the output of the one before. */
async function startAll(
  commands: readonly PipeCommand[],
  options: PipeOptions,
): Promise<{ parts: PipeProcess[]; passing: Promise<void> | undefined }> {
  const { stdoutTo, cwd, uid, gid, through, inputFrom } = options;
  const file = stdoutTo === undefined ? undefined : openSync(stdoutTo, 'w', 0o600);
  const started: PipeProcess[] = [];
  let output: 'pipe' | number | ChildProcess['stdin'] = file ?? 'pipe';
  let passing: Promise<void> | undefined;
  try {
    for (const [at, { command, args }] of [...commands.entries()].toReversed()) {
      const passes = through !== undefined && at === commands.length - 2 && typeof output === 'object';
      const child: ChildProcess = spawn(command, args, {
        detached: true,
        stdio: [at === 0 && inputFrom === undefined ? 'ignore' : 'pipe', passes ? 'pipe' : output, 'pipe'],
        env: environment(options.env),
        ...(cwd !== undefined && { cwd }),
        ...(uid !== undefined && { uid }),
        ...(gid !== undefined && { gid }),
      });
      const failed = new Promise<unknown>((resolve) => child.once('error', resolve));
      // only the child may hold the other end, or the reader would wait for ever
      if (passes && output && child.stdout && typeof output === 'object')
        passing = pipeline(child.stdout, through, output);
      else if (typeof output === 'object') output?.destroy();
      if (child.pid === undefined) throw startError(command, await failed);
      endWithUs(child.pid);
      options.onStart?.(child.pid);
      const ended = new Promise<Ended>((resolve) => {
        child.once('exit', (code, signal) => resolve({ at: performance.now(), code, signal }));
      });
      started.unshift({ child, pid: child.pid, program: basename(command), ended });
      output = child.stdin;
    }
    return { parts: started, passing };
  } catch (error) {
    for (const part of started) {
      part.child.stdin?.destroy();
      endGroup(part.pid, part.ended);
      void part.ended.then(() => forget(part.pid));
    }
    throw error;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
