import { basename } from 'node:path';
import { PassThrough } from 'node:stream';
import { GRACE_MS } from '../group.ts';
import { CommandError, type Exit, type Running, type StartOptions } from '../host.ts';
import { tellLines } from '../output.ts';
import type { There } from './carry.ts';
import { remoteErrors } from './errors.ts';
import { Exchange } from './exchange.ts';
import { outcome, signalOf } from './outcome.ts';

/** Characters of stderr that are kept for an error. */
const KEPT = 65_536;

/** Those who start something in this room hear what it writes. */
interface Heard extends StartOptions {
  readonly onStdout?: (chunk: Buffer) => void;
  readonly onStderr?: (text: string) => void;
}

/** {@link ../host.ts Host.start} there: the client stays with it. What is to outlive us only loses its input with us. */
export async function startThere(
  { way, place }: There,
  command: string,
  args: readonly string[],
  options: Heard,
): Promise<Running> {
  const program = basename(command);
  if (options.uid !== undefined || options.gid !== undefined)
    throw remoteErrors.user({ program, label: way.label });
  const { output, onLine } = options;
  const lines = { stdout: new PassThrough(), stderr: new PassThrough() };
  if (onLine !== undefined)
    for (const from of ['stdout', 'stderr'] as const) tellLines(lines[from], (line) => onLine(line, from));
  let stderr = '';
  const exchange = await Exchange.start(
    way,
    place,
    { commands: [{ command, args }], env: options.env, cwd: options.cwd, lives: options.outlive },
    {
      onStdout: (chunk) => {
        output?.write(chunk);
        if (onLine) lines.stdout.write(chunk);
        options.onStdout?.(chunk);
      },
      onStderr: (text) => {
        stderr = (stderr + text).slice(-KEPT);
        output?.write(text);
        if (onLine) lines.stderr.write(text);
        options.onStderr?.(text);
      },
      onFault: () => {},
    },
  );
  let exit: Exit | undefined;
  let refused: unknown;
  const exited = exchange.ended.then(async (ended): Promise<Exit> => {
    for (const stream of Object.values(lines)) stream.end();
    exit = await outcome(ended, { way, programs: [program], stderr }).then(
      ({ exitCode }) => ({ exitCode, signal: undefined }),
      (error: unknown) => {
        refused = error;
        const code = ended.told.exitCode;
        return {
          exitCode: undefined,
          signal: signalOf(code ?? 0) ?? 'SIGKILL',
          ...(code === undefined && error instanceof CommandError && { lost: error }),
        };
      },
    );
    return exit;
  });
  const started = await exchange.started;
  if (started === undefined) {
    await exited;
    throw refused;
  }
  const stop = (grace = GRACE_MS) => {
    if (exit !== undefined) return exited;
    exchange.word('k');
    const timer = setTimeout(() => exchange.word('K'), grace);
    return exited.finally(() => clearTimeout(timer));
  };
  options.signal?.addEventListener('abort', () => void stop(), { once: true });
  let closed = false;
  return {
    pid: started.pid,
    exited,
    get exit() {
      return exit;
    },
    write: (line) => {
      const bytes = Buffer.from(`${line}\n`);
      if (!closed) void exchange.write(`${bytes.length} 1\n`, bytes);
    },
    closeInput: () => {
      closed = true;
      exchange.word('0');
    },
    signal: (name) => exchange.word(`s ${name.replace('SIG', '')} ${started.pid}`),
    stop,
    hold: (on) => exchange.hold(on),
  };
}
