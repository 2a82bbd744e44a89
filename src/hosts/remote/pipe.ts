import { basename } from 'node:path';
import type { Transform } from 'node:stream';
import { CommandError, type PipeCommand, type PipeOptions, type RunResult } from '../host.ts';
import { type CarryOptions, carry, type There } from './carry.ts';

/** With where the last one's output goes instead. */
export type PipeThereOptions = Omit<PipeOptions, 'stdoutTo' | 'inputFrom'> &
  Pick<CarryOptions, 'sink' | 'input' | 'file'>;

/**
 * {@link ../host.ts Host.pipe} there: one pipe of the kernel. What passes through us comes here and goes back, and
 * the last command is ended before its input ends when one before it fails.
 */
export async function pipeThere(
  there: There,
  commands: readonly PipeCommand[],
  options: PipeThereOptions,
): Promise<RunResult> {
  const { through, ...rest } = options;
  const [first, last] = [commands.slice(0, -1), commands.slice(-1)];
  if (through === undefined || first.length === 0) return carry(there, { commands }, rest);
  return pipeThrough(there, first, last, through, rest);
}

async function pipeThrough(
  there: There,
  first: readonly PipeCommand[],
  last: readonly PipeCommand[],
  through: Transform,
  options: Omit<PipeThereOptions, 'through'>,
): Promise<RunResult> {
  const { signal, onStdout, sink, file, ...common } = options;
  const stop = new AbortController();
  const both = AbortSignal.any([stop.signal, ...(signal === undefined ? [] : [signal])]);
  let failure: { result?: RunResult; error?: unknown } | undefined;
  const fail = (one: { result?: RunResult; error?: unknown }) => {
    // what comes after is only that the other side is gone
    failure ??= one;
    through.destroy();
    stop.abort();
  };
  through.on('error', (error) => fail({ error }));
  const write = (chunk: Buffer) => pass(through, chunk);
  const reading = carry(there, { commands: first }, { ...common, signal: both, sink: write }).then(
    (result) => {
      if (result.exitCode === 0) through.end();
      else fail({ result: { ...result, program: result.program ?? basename(first[0]?.command ?? '') } });
      return result;
    },
    (error: unknown) => fail({ error }),
  );
  const writing = carry(
    there,
    { commands: last },
    {
      ...common,
      signal: both,
      input: through.iterator({ destroyOnReturn: false }),
      file,
      sink,
      ...(onStdout && { onStdout }),
    },
  ).then(
    (result) => {
      if (result.exitCode !== 0) fail({ result: { ...result, program: basename(last[0]?.command ?? '') } });
      return result;
    },
    (error: unknown) => fail({ error }),
  );
  const [from, to] = await Promise.all([reading, writing]);
  if (signal?.aborted && failure?.error instanceof CommandError) throw failure.error;
  if (failure?.result !== undefined) {
    const stderr = [from, to].map((one) => (one ? one.stderr : '')).join('');
    return { ...failure.result, stderr: stderr === '' ? failure.result.stderr : stderr };
  }
  if (failure !== undefined) throw failure.error;
  return { ...(to as RunResult), stderr: `${(from as RunResult).stderr}${(to as RunResult).stderr}` };
}

/** Fulfilled when the stream takes the next chunk. */
function pass(through: Transform, chunk: Buffer): Promise<void> | undefined {
  if (through.destroyed) return undefined;
  if (through.write(chunk)) return undefined;
  return new Promise((resolve) => {
    const done = () => {
      through.off('drain', done);
      through.off('close', done);
      resolve();
    };
    through.on('drain', done);
    through.on('close', done);
  });
}
