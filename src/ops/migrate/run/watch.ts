import { progressCreateIndex } from '../../../db/queries/progress.ts';
import { tellWaits } from '../../database/waits.ts';
import type { StepIo } from '../../engine/plan.ts';
import { watchProgress } from '../../maintain/shared/progress.ts';

/** Does something on the session `pid` while it is told whom that waits for, and how far its index is. */
export async function watched<T>(io: StepIo, pid: number, work: () => Promise<T>): Promise<T> {
  const session = await io.connect();
  const over = new AbortController();
  const watch = [{ query: progressCreateIndex, phases: [] }];
  const watching = [
    tellWaits(io, session, pid, over.signal),
    watchProgress(io, session, { pid, label: '', watch }, over.signal),
  ];
  try {
    return await work();
  } finally {
    over.abort();
    await Promise.all(watching);
    await session.close();
  }
}
