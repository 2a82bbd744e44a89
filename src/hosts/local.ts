import { basename } from 'node:path';
import { execa } from 'execa';
import { environment } from './environment.ts';
import { files } from './files.ts';
import { endGroup, endWithUs, forget, GRACE_MS } from './group.ts';
import {
  CommandError,
  type CommandOptions,
  type Exit,
  type Host,
  type Running,
  type RunOptions,
  type RunResult,
  type StartOptions,
} from './host.ts';
import { machine } from './machine.ts';
import { collect, letGo, tellLines } from './output.ts';
import { pipe } from './pipe.ts';
import { startError } from './start-error.ts';
import { cancelled, watch } from './watch.ts';
import { withWorkspace } from './workspace.ts';

/** The execa options every command gets: a group of its own, nothing buffered or thrown by execa. */
function common(options: CommandOptions) {
  return {
    detached: true,
    // execa would end the child alone; we end its group
    cleanup: false,
    reject: false,
    extendEnv: false,
    env: environment(options.env),
    ...(options.cwd !== undefined && { cwd: options.cwd }),
    ...(options.uid !== undefined && { uid: options.uid }),
    ...(options.gid !== undefined && { gid: options.gid }),
  } as const;
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
  if (options.signal?.aborted) throw cancelled(basename(command));
  // execa gives a child no file of ours, and ends its input whatever becomes of the source; a pipe does neither
  if (options.stdoutTo !== undefined || options.inputFrom !== undefined)
    return pipe([{ command, args }], options);
  const program = basename(command);
  const { onLine, onStdout, maxOutput: max } = options;
  const child = execa(command, args, {
    ...common(options),
    buffer: false,
    ...(options.input === undefined ? { stdin: 'ignore' as const } : { input: options.input }),
  });
  const { pid } = child;
  if (pid === undefined) throw startError(command, (await child).cause);
  endWithUs(pid);
  options.onStart?.(pid);
  const watching = watch([pid], child, options);
  letGo(child.nodeChildProcess, [child.stdout, child.stderr]);
  try {
    const [result, stdout, stderr] = await Promise.all([
      child,
      collect(child.stdout, {
        onLine: onLine && ((line) => onLine(line, 'stdout')),
        onChunk: onStdout,
        max,
      }),
      collect(child.stderr, { onLine: onLine && ((line) => onLine(line, 'stderr')), max }),
    ]);
    const error = watching.error(program, stderr);
    if (error) throw error;
    if (result.signal !== undefined)
      throw new CommandError('signal', `${program} was killed by ${result.signal}.`, stderr);
    if (result.exitCode === undefined) throw startError(command, result.cause);
    return { exitCode: result.exitCode, stdout, stderr };
  } finally {
    watching.stop();
    forget(pid);
  }
}

/** Starts a command that keeps running, in a group of its own. Throws {@link CommandError} when it cannot start. */
export async function start(
  command: string,
  args: readonly string[],
  options: StartOptions = {},
): Promise<Running> {
  const { onLine } = options;
  const output = options.output ?? (onLine ? 'pipe' : 'ignore');
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
  if (onLine !== undefined && child.stdout && child.stderr) {
    letGo(child.nodeChildProcess, [child.stdout, child.stderr]);
    tellLines(child.stdout, (line) => onLine(line, 'stdout'));
    tellLines(child.stderr, (line) => onLine(line, 'stderr'));
  }
  // a child that ends without reading its input is no error of ours
  child.stdin.on('error', () => {});

  let exit: Exit | undefined;
  const exited = child.then((result): Exit => {
    forget(pid);
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
export const local: Host = {
  kind: 'local',
  label: 'this machine',
  run,
  pipe,
  start,
  withWorkspace,
  files,
  processors: machine.processors,
  platform: machine.platform,
  searchPath: machine.searchPath,
  pgdeck: machine.pgdeck,
  get temporary() {
    return machine.temporary;
  },
  get environment() {
    return machine.environment;
  },
};
