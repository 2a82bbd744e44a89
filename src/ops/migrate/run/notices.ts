import type { StepIo } from '../../engine/plan.ts';
import type { Worker } from '../../maintain/shared/sessions.ts';
import { isWarning } from '../../maintain/shared/statement.ts';

/** Does something with what the server says meanwhile streamed into the step. */
export async function telling<T>(worker: Worker, io: StepIo, work: () => Promise<T>): Promise<T> {
  worker.listener = (notice) => {
    const from = isWarning(notice) ? 'stderr' : 'stdout';
    for (const text of [notice.message, notice.detail ?? ''])
      if (text !== '') for (const line of text.split('\n')) io.line(line, from);
  };
  try {
    return await work();
  } finally {
    worker.listener = () => {};
  }
}
