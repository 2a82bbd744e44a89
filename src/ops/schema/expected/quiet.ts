import type { Session } from '../../../db/session.ts';
import { newRunId } from '../../engine/journal/journal.ts';
import type { OpContext } from '../../engine/operation.ts';
import type { StepIo } from '../../engine/plan.ts';
import { stepIo } from '../../engine/run/io.ts';
import type { Opening } from './expected.ts';

/**
 * What a step of a run is given, for work that is none: a check leaves no record, and what it makes on the server is
 * found by its marker. Sessions are closed when the work is over.
 */
export async function quietly<T>(
  context: OpContext,
  { signal = new AbortController().signal, line }: Opening,
  work: (io: StepIo) => Promise<T>,
): Promise<T> {
  const id = newRunId(context.now());
  const sessions = new Set<Session>();
  const nothing = () => {};
  const io = stepIo(
    {
      ...{ context, signal, sessions, applicationName: `pgdeck:${id}` },
      journal: { id, startStep: nothing, finishStep: nothing, write: nothing, end: nothing },
      emit: (event) => {
        if (event.type === 'line') line?.(event.text);
      },
    },
    0,
  );
  const stop = () => {
    for (const session of sessions) void session.close();
  };
  signal.addEventListener('abort', stop, { once: true });
  try {
    signal.throwIfAborted();
    return await work(io);
  } finally {
    signal.removeEventListener('abort', stop);
    await Promise.all([...sessions].map((session) => session.close()));
  }
}
