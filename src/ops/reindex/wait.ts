import { setTimeout as delay } from 'node:timers/promises';
import type { Session } from '../../db/session.ts';
import { progressCreateIndex } from '../../db/views/progress.ts';
import { reindexBlockers } from '../../db/views/reindex/waits.ts';
import { holderRemedy, holderText } from '../maintain/shared/holders.ts';
import type { MaintenanceSessions } from '../maintain/shared/sessions.ts';
import { type Outcome, runStatement } from '../maintain/shared/statement.ts';
import type { StepIo } from '../operation.ts';

/** The phases of REINDEX CONCURRENTLY of a B-tree, in their order; of several indexes each is gone through by all. */
const PHASES = [
  'initializing',
  'waiting for writers before build',
  'building index: initializing',
  'building index: scanning table',
  'building index: sorting live tuples',
  'building index: loading tuples in tree',
  'waiting for writers before validation',
  'index validation: scanning index',
  'index validation: sorting tuples',
  'index validation: scanning table',
  'waiting for old snapshots',
  'waiting for readers before marking dead',
  'waiting for readers before dropping',
];

/** Who is in the way at one look only has gone by the next. */
const EVERY_MS = 1_000;

/**
 * Runs one statement with its phases shown, and says whom it waits for. `lockTimeout` in seconds, 0 without end. Throws
 * DbError.
 */
export async function runWatched(
  io: StepIo,
  sessions: MaintenanceSessions,
  sql: string,
  { label, lockTimeout, lone }: { label: string; lockTimeout: number; lone: boolean },
): Promise<Outcome> {
  const { session } = await sessions.worker(io);
  const over = new AbortController();
  const told = tellWaits(io, await sessions.watcher(io), session.pid, over.signal);
  try {
    const watch = [{ query: progressCreateIndex, phases: lone ? PHASES : [] }];
    return await runStatement(io, sessions, sql, { lockTimeout, label, watch });
  } finally {
    over.abort();
    await told;
  }
}

/** Says whom backend `pid` waits for, until `signal` says that it is over. Never throws: what nobody can watch goes on all the same. */
export async function tellWaits(
  io: StepIo,
  session: Session,
  pid: number,
  signal: AbortSignal,
): Promise<void> {
  const told = new Set<number | null>();
  let before = new Set<number | null>();
  try {
    for (;;) {
      await delay(EVERY_MS, undefined, { signal });
      const blockers = await session.run(reindexBlockers, { pid });
      for (const one of blockers)
        if (before.has(one.pid) && !told.has(one.pid) && !signal.aborted) {
          told.add(one.pid);
          io.line(`It waits for ${holderText(one)}. ${holderRemedy(one)}`);
        }
      before = new Set(blockers.map((one) => one.pid));
    }
  } catch {
    // over, or the connection is
  }
}
