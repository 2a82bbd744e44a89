import { progressCreateIndex } from '../../db/queries/progress.ts';
import { tellWaits } from '../database/waits.ts';
import type { StepIo } from '../engine/plan.ts';
import type { MaintenanceSessions } from '../maintain/shared/sessions.ts';
import { runStatement, type StatementOutcome } from '../maintain/shared/statement.ts';

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

/** Those of CREATE INDEX CONCURRENTLY. */
export const CREATE_PHASES = PHASES.slice(0, -2);

export interface WatchOptions {
  readonly label: string;
  readonly lockTimeout: number;
  /** It is about one index. */
  readonly lone: boolean;
  /** As the server names them, in their order; those of REINDEX without it. */
  readonly phases?: readonly string[];
}

/**
 * Runs one statement with its phases shown, and says whom it waits for. `lockTimeout` in seconds, 0 without end. Throws
 * DbError.
 */
export async function runWatched(
  io: StepIo,
  sessions: MaintenanceSessions,
  sql: string,
  { label, lockTimeout, lone, phases = PHASES }: WatchOptions,
): Promise<StatementOutcome> {
  const { session } = await sessions.worker(io);
  const over = new AbortController();
  const told = tellWaits(io, await sessions.watcher(io), session.pid, over.signal);
  try {
    const watch = [{ query: progressCreateIndex, phases: lone ? phases : [] }];
    return await runStatement(io, sessions, sql, { lockTimeout, label, watch });
  } finally {
    over.abort();
    await told;
  }
}
