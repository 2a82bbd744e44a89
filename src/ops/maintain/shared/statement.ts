import { setTimeout as delay } from 'node:timers/promises';
import type { Notice, Session } from '../../../db/session.ts';
import type { StepIo } from '../../engine/plan.ts';
import { type Phases, watchProgress } from './progress.ts';
import type { MaintenanceSessions } from './sessions.ts';

/** How long what follows waits for a lock, in seconds; 0 without end. `LOCAL` for this transaction only. */
export function lockTimeoutSql(seconds: number, scope: '' | 'LOCAL ' = ''): string {
  const ms = Math.round(seconds * 1000);
  return `SET ${scope}lock_timeout = '${ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`}'`;
}

/** What {@link runStatement} sends, as it is shown. */
export function statementPreview(sql: string, lockTimeout: number): string {
  return `${lockTimeoutSql(lockTimeout)};\n${sql};`;
}

export interface StatementOptions {
  /** Seconds; 0 waits for ever, as CONCURRENTLY has to: a timeout in its middle leaves an invalid index. */
  readonly lockTimeout: number;
  /** Name of the bar: `shop.orders`. */
  readonly label: string;
  readonly watch: readonly Phases[];
}

export interface StatementOutcome {
  readonly seconds: number;
  /** What the server warned of, in its own language: the SQLSTATE tells what it is. */
  readonly warnings: readonly Notice[];
}

/** A server that is asked to cancel answers sooner than that, or not at all. */
const ANSWER_MS = 5_000;

/**
 * Runs one statement that cannot be in a transaction, with what the server says about it streamed and its progress
 * shown. When the run is cancelled, the statement is, too. Throws DbError.
 */
export async function runStatement(
  io: StepIo,
  sessions: MaintenanceSessions,
  sql: string,
  { lockTimeout, label, watch }: StatementOptions,
): Promise<StatementOutcome> {
  const worker = await sessions.worker(io);
  const watcher = await sessions.watcher(io);
  const { session } = worker;
  const warnings: Notice[] = [];
  worker.listener = (notice) => {
    if (isWarning(notice)) warnings.push(notice);
    tell(io, notice);
  };
  const over = new AbortController();
  const cancel = () => void cancelStatement(session, watcher, over.signal);
  io.signal.addEventListener('abort', cancel, { once: true });
  const watching = watchProgress(io, watcher, { pid: session.pid, label, watch }, over.signal);
  try {
    io.signal.throwIfAborted();
    await session.sql(lockTimeoutSql(lockTimeout));
    const began = performance.now();
    await session.sql(sql);
    return { seconds: (performance.now() - began) / 1000, warnings };
  } finally {
    over.abort();
    io.signal.removeEventListener('abort', cancel);
    worker.listener = () => {};
    await watching;
  }
}

/** Cancels what `session` does; one whose server does not answer is hung up on. */
async function cancelStatement(session: Session, watcher: Session, over: AbortSignal): Promise<void> {
  try {
    await watcher.sql('SELECT pg_cancel_backend($1)', [session.pid]);
  } catch {
    // the runner ends both, perhaps before this
  }
  try {
    await delay(ANSWER_MS, undefined, { signal: over });
    await session.close();
  } catch {
    // it has answered
  }
}

/** INFO and NOTICE have no error class; severity is a word in the server's language. */
export function isWarning({ code = '00000' }: Notice): boolean {
  return !code.startsWith('00');
}

function tell(io: StepIo, notice: Notice): void {
  const { message, detail } = notice;
  const from = isWarning(notice) ? 'stderr' : 'stdout';
  for (const text of [message, ...(detail === undefined ? [] : [detail])])
    for (const line of text.split('\n')) io.line(line, from);
}
