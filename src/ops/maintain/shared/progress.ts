import { setTimeout as delay } from 'node:timers/promises';
import type { ProgressRow } from '../../../db/queries/progress.ts';
import type { Query } from '../../../db/query.ts';
import type { Session } from '../../../db/session.ts';
import type { Progress, StepIo } from '../../engine/plan.ts';

const EVERY_MS = 500;

/** A view of progress, and the phases that its command goes through, in their order. */
export interface Phases {
  readonly query: Query<void, ProgressRow>;
  /** As the server names them; one that is not among them is shown without a number. */
  readonly phases: readonly string[];
}

/**
 * Tells how far the statement of backend `pid` is, by phase, until `signal` says that it is over. Never throws: what
 * nobody can watch goes on all the same.
 */
export async function watchProgress(
  io: StepIo,
  session: Session,
  { pid, label, watch }: { pid: number; label: string; watch: readonly Phases[] },
  signal: AbortSignal,
): Promise<void> {
  const blockSize = Number(session.server.settings.block_size ?? 8192);
  try {
    while (!signal.aborted) {
      // not at once: a snapshot that is open while VACUUM decides what nobody sees any more, keeps rows that could go
      await delay(EVERY_MS, undefined, { signal });
      for (const { query, phases } of watch) {
        const row = (await session.run(query, undefined)).find((one) => one.pid === pid);
        if (signal.aborted) return;
        if (row !== undefined) io.progress(progressOf(row, label, phases, blockSize));
      }
    }
  } catch {
    // over, or the connection is
  }
}

/** What a row of a progress view says of its phase: never how far the whole is, which nobody knows. */
export function progressOf(
  { phase, done, total, unit, relation }: ProgressRow,
  label: string,
  phases: readonly string[],
  blockSize: number,
): Progress {
  const at = phases.indexOf(phase ?? '');
  const number = at < 0 ? '' : ` (phase ${at + 1} of ${phases.length})`;
  const factor = unit === 'blocks' ? blockSize : 1;
  const kind = unit === 'blocks' || unit === 'bytes' ? 'bytes' : unit === 'tuples' ? 'rows' : 'items';
  return {
    label: label === '' ? (relation ?? '') : label,
    phase: `${phase ?? 'waiting'}${number}`,
    done: (done ?? 0) * factor,
    ...(total !== null && done !== null && { of: total * factor }),
    unit: kind,
  };
}
