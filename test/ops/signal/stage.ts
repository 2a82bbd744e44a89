import type { Session } from '../../../src/db/client.ts';
import { type DbError, dbError } from '../../../src/db/errors.ts';
import { lockTree } from '../../../src/db/queries/locks.ts';
import type { OpContext } from '../../../src/ops/engine/operation.ts';
import { runPlan } from '../../../src/ops/engine/run/runner.ts';
import { OpError } from '../../../src/ops/error.ts';
import { signalEvent } from '../../../src/ops/signal/events.ts';
import { planSignal as plan, signalPlan } from '../../../src/ops/signal/plan.ts';
import { type SignalTargetRow, signalTargets } from '../../../src/ops/signal/queries/signal.ts';
import type { SignalEvent, SignalOutcome, SignalPlan, SignalRequest } from '../../../src/ops/signal/types.ts';
import { serverTarget } from '../../support/cluster.ts';
import { temporaryDirectory } from '../../support/program.ts';
import { until } from '../../support/until.ts';
import { contextOf } from '../engine/run/stage.ts';

/** Starts a statement and does not wait for it; the promise gives its error, or undefined when it ran through. */
export function begin(session: Session, sql: string): Promise<DbError | undefined> {
  return session.sql(sql).then(
    () => undefined,
    (error: unknown) => dbError(error),
  );
}

/** Starts a statement that runs until it is stopped, and waits until the server is at it. */
export async function sleeping(watcher: Session, session: Session, seconds = 600) {
  const over = begin(session, `SELECT pg_sleep(${seconds}) /* ${Math.random()} */`);
  await until(async () => (await seen(watcher, session.pid)).wait_event === 'PgSleep', {
    what: 'a sleeping session',
  });
  // as an object, since a promise returned would be waited for
  return { over };
}

/** Starts a statement that has to wait for a lock, and waits until it does. */
export async function blocked(watcher: Session, session: Session, sql: string) {
  const over = begin(session, sql);
  await until(async () => (await waitersOf(watcher)).has(session.pid), { what: `a lock wait of: ${sql}` });
  return { over };
}

/** Who waits for whom now. */
export async function waitersOf(watcher: Session): Promise<Map<number, readonly number[]>> {
  const rows = await watcher.run(lockTree, { queryChars: 0, limit: 1000, waitingBlockers: 5 });
  return new Map(rows.filter((row) => row.n_blockers > 0).map((row) => [row.pid, row.blocked_by]));
}

/** The session as the server shows it; an error when it is gone. */
export async function seen(watcher: Session, pid: number): Promise<SignalTargetRow> {
  const [row] = await watcher.run(signalTargets, { pids: [pid] });
  if (row === undefined) throw new Error(`no session ${pid}`);
  return row;
}

export async function isThere(watcher: Session, pid: number): Promise<boolean> {
  return (await watcher.run(signalTargets, { pids: [pid] })).length === 1;
}

export interface Options {
  readonly readOnly?: boolean;
  readonly signal?: AbortSignal;
  readonly wait?: number;
}

/** Whom a request hits, as the control session sees it. */
export const planSignal = (session: Session, request: SignalRequest, { readOnly = false }: Options = {}) =>
  plan(request, { place: 'here', readOnly, control: async () => session });

/** A context whose control session is this one. */
export const controlled = (context: OpContext, session: Session): OpContext => ({
  ...context,
  control: async () => session,
});

/** Runs a plan to its end. */
export async function outcomes(
  session: Session,
  planned: SignalPlan,
  options?: Options,
): Promise<SignalOutcome[]> {
  return (await events(session, planned, options)).filter((event) => event.kind !== 'effect');
}

/**
 * Runs a plan to its end: what became of each, and what that did for those who waited. Its steps are made anew for the
 * victims that it has by now.
 */
export async function events(
  session: Session,
  planned: SignalPlan,
  { readOnly = false, signal, wait }: Options = {},
): Promise<SignalEvent[]> {
  const { pid } = planned.input as { pid?: number[] };
  const pick = { pids: (pid ?? []).map((one) => ({ pid: one })) };
  const made = signalPlan(planned, pick, { place: 'here', ...(wait !== undefined && { wait }) });
  const context = contextOf(serverTarget(), temporaryDirectory(), { readOnly });
  const list: SignalEvent[] = [];
  for await (const event of runPlan(made, controlled(context, session), signal && { signal })) {
    if (event.type === 'end' && event.status === 'refused') throw new OpError('refused', event.text);
    list.push(...[signalEvent(made, event)].filter((one) => one !== undefined));
  }
  return list;
}

/** What became of each pid. */
export function kinds(list: readonly SignalOutcome[]): Record<number, string> {
  return Object.fromEntries(list.map(({ victim, kind }) => [victim.target.pid, kind]));
}
