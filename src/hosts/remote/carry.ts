import type { FileHandle } from 'node:fs/promises';
import { basename } from 'node:path';
import { PassThrough } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { RunOptions, RunResult } from '../host.ts';
import { collect } from '../output.ts';
import { cancelled, endedError, type Why } from '../watch.ts';
import { remoteErrors } from './errors.ts';
import { Exchange, type Place } from './exchange.ts';
import { type Guard, startGuard } from './guard.ts';
import { asksFirst, type Job } from './header.ts';
import { HELD, sendStream } from './input.ts';
import { outcome } from './outcome.ts';
import { keyFor } from './sum.ts';
import type { Way } from './way.ts';

/** Milliseconds for what is ended there: longer than it is given to end by itself. */
const ENDING_MS = 8_000;

/** A place, and the way to it. */
export interface There {
  readonly way: Way;
  readonly place: Place;
}

export interface CarryOptions extends Omit<RunOptions, 'input' | 'stdoutTo' | 'signal'> {
  readonly signal?: AbortSignal | undefined;
  /** What the program reads; a stream that throws ends the program before it sees the end of it. */
  readonly input?: string | AsyncIterable<Uint8Array> | undefined;
  /** Sends what goes to the file of the job, and the end of it; instead of an input. */
  readonly send?: ((exchange: Exchange) => Promise<void>) | undefined;
  /** Takes the output instead of what the options say; the next chunk waits for it. */
  readonly sink?: ((chunk: Buffer) => void | Promise<void>) | undefined;
  /** An open file that takes it without its passing through us; a sink only sees what was written. */
  readonly file?: FileHandle | undefined;
}

/** Runs a job to its end. Throws {@link CommandError} as `Host.run` does, and what its input or its sink threw. */
export async function carry(
  there: There,
  job: Pick<Job, 'commands' | 'lives' | 'large' | 'into' | 'from'>,
  options: CarryOptions,
): Promise<RunResult> {
  const { way, place } = there;
  const programs = job.commands.map(({ command }) => basename(command));
  const names = programs.join(' | ');
  const { signal, timeout, stallMs, onLine, onStdout, maxOutput: max } = options;
  if (signal?.aborted) throw cancelled(names);
  if (options.uid !== undefined || options.gid !== undefined)
    throw remoteErrors.user({ program: names, label: way.label });

  const out = new PassThrough();
  const err = new PassThrough();
  const stdout =
    options.sink === undefined
      ? collect(out, { onLine: onLine && ((line) => onLine(line, 'stdout')), onChunk: onStdout, max })
      : Promise.resolve('');
  const errors = collect(err, { onLine: onLine && ((line) => onLine(line, 'stderr')), max });
  let why: Why | undefined;
  let fault: { error: unknown } | undefined;
  let guard: Guard | undefined;
  let over = false;
  let exchange: Exchange | undefined;
  const end = () => {
    exchange?.leave();
    guard?.leave();
  };
  const because = (reason: Why) => {
    why ??= reason;
    end();
  };
  const failed = (error: unknown) => {
    fault ??= { error };
    end();
  };

  const onAbort = () => because('cancelled');
  signal?.addEventListener('abort', onAbort, { once: true });
  const timer = timeout === undefined ? undefined : setTimeout(() => because('timeout'), timeout);
  try {
    const stall = stallMs === undefined ? undefined : Math.max(1, Math.ceil(stallMs / 1000));
    const large = job.large ?? (job.from !== undefined || isLarge(options));
    exchange = await Exchange.start(
      way,
      place,
      { ...job, env: options.env, cwd: options.cwd, stall, large, key: large ? keyFor(place) : undefined },
      {
        onStdout: options.sink ?? ((chunk) => void out.write(chunk)),
        onStderr: (text) => void err.write(text),
        onFault: failed,
        file: options.file,
        signal,
        brief: options.send === undefined && typeof options.input !== 'object',
      },
    );
    if (why !== undefined) exchange.leave();
    void exchange.started.then((one) => one && options.onStart?.(one.pid));
    // what is not taken any more is not waited for: its source, or the guard, may never go on
    const sending =
      options.send?.(exchange) ??
      feed(there, exchange, options.input, asksFirst(job), (one) => {
        guard = one;
        if (over || why !== undefined || fault !== undefined) one.leave();
      });
    void sending.catch(failed);
    const ended = await exchange.ended;
    // its end may not have been heard there: a second command ends what is left of it
    if (ended.told.exitCode === undefined && way.keepsInput === true)
      await endLost(there, await exchange.started, asksFirst(job));
    out.end();
    err.end();
    const [text, stderr] = await Promise.all([stdout, errors]);
    if (ended.told.stalled && why === undefined) why = 'stalled';
    if (why !== undefined) throw endedError(why, names, stderr, { timeout, stallMs });
    if (fault !== undefined) throw fault.error;
    return { ...(await outcome(ended, { way, programs, stderr })), stdout: text, stderr };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
    over = true;
    guard?.done();
  }
}

/** Ends what a lost client has left there, as far as the place can be reached. Never rejects. */
async function endLost(
  { way, place }: There,
  started: Awaited<Exchange['started']>,
  gently: boolean,
): Promise<void> {
  if (started === undefined) return;
  try {
    const guard = await startGuard(way, place, started, gently);
    guard.leave();
    await Promise.race([guard.ended, delay(ENDING_MS)]);
  } catch {
    // the place is gone, and with it what ran there
  }
}

/** What goes to a file or comes as a stream may be much. */
const isLarge = ({ file, onStdout, input }: CarryOptions) =>
  file !== undefined || onStdout !== undefined || typeof input === 'object';

/** Sends the input. More than a pipe holds waits for the guard: from then on we may be lost behind what is not read. */
async function feed(
  there: There,
  exchange: Exchange,
  input: CarryOptions['input'],
  gently: boolean,
  onGuard: (guard: Guard) => void,
): Promise<void> {
  const small = input === undefined || typeof input === 'string';
  const bytes = small ? Buffer.from(input ?? '') : undefined;
  if (bytes === undefined || bytes.length > HELD) {
    const started = await exchange.started;
    if (started === undefined) return;
    const guard = await startGuard(there.way, there.place, started, gently);
    onGuard(guard);
    await guard.ready;
  }
  await sendStream(exchange, bytes === undefined ? (input as AsyncIterable<Uint8Array>) : [bytes]);
}
