import {
  freedBy,
  heldUpBy,
  rootBlockerPids,
  type Waits,
  waitGraph,
  waitingBehind,
} from '../../db/blocking.ts';
import type { Session } from '../../db/client.ts';
import { type DbError, dbError } from '../../db/errors.ts';
import { quoteLiteral } from '../../db/ident.ts';
import type { LockRow } from '../../db/queries/locks.ts';
import type { Server } from '../../db/server.ts';
import { capital } from '../../text/capital.ts';
import { duration } from '../../text/units.ts';
import { engineErrors } from '../engine/errors.ts';
import type { OpContext } from '../engine/operation.ts';
import type { Plan } from '../engine/plan.ts';
import { type Circumstances, decide, isRefusal } from './protect.ts';
import { signalIdleCandidates, signalTargets } from './queries/signal.ts';
import { signalSql } from './send.ts';
import { CONSEQUENCE, freesSentence, refusalSentence, sessionName, subjectOf, titleOf } from './sentences.ts';
import { signalSteps } from './steps.ts';
import type {
  HeldUp,
  Hits,
  NamedSession,
  Refusal,
  SignalAction,
  SignalPick,
  SignalPlan,
  SignalRequest,
  SignalTarget,
  Victim,
} from './types.ts';
import { waitingRows } from './waiting.ts';

interface Found {
  targets: SignalTarget[];
  refused: Refusal[];
}

/** Where a plan is made for, and how it is asked. */
export interface Where extends Pick<OpContext, 'place' | 'readOnly' | 'control'> {
  /** Seconds to wait until a signalled session is seen to be gone. */
  readonly wait?: number;
}

/**
 * Plans whom a request hits, and what that frees. Reads only.
 *
 * The control session must be outside of an explicit transaction: inside of one pg_stat_activity does not change.
 * Throws {@link OpError} in read-only mode and {@link DbError}.
 */
export async function planSignal(request: SignalRequest, where: Where): Promise<SignalPlan> {
  const [plan] = await planSignals([request], where);
  return plan as SignalPlan;
}

/** Plans several requests of which one is chosen: all by the same look at who waits for whom. */
export async function planSignals(
  requests: readonly SignalRequest[],
  where: Where,
): Promise<readonly SignalPlan[]> {
  const [first] = requests;
  if (where.readOnly && first) throw engineErrors.readOnly({ operation: first.action });
  const session = await where.control();
  const found = await waits(session);
  const plans: SignalPlan[] = [];
  for (const request of requests)
    plans.push(signalPlan(await hitsOf(session, request, found), request.pick, where));
  return plans;
}

/** Whether a plan is one of signals, with what its question is about. */
export function isSignalPlan(plan: Plan): plan is SignalPlan {
  return 'victims' in plan;
}

/** The plan of these hits; each session is hit once. */
export function signalPlan(
  given: Hits,
  pick: SignalPick,
  { place, wait }: Pick<Where, 'place' | 'wait'>,
): SignalPlan {
  const victims = [...new Map(given.victims.map((victim) => [victim.target.pid, victim])).values()];
  const hits = { ...given, victims };
  const { action, refused } = hits;
  const frees = freesSentence(hits);
  return {
    ...hits,
    operation: action,
    title: titleOf(hits, pick),
    subject: subjectOf(victims),
    danger: 'confirm',
    writes: true,
    momentary: true,
    server: place,
    input: inputOf(pick),
    facts: frees === undefined ? [] : [{ label: 'frees', value: frees }],
    checks: refused.map((refusal) => ({
      title: capital(refusal.target === undefined ? `session ${refusal.pid}` : sessionName(refusal.target)),
      // a sweep that leaves everybody alone is done; somebody who was meant is not
      status: victims.length === 0 && refusal.why !== 'another_pgdeck' ? 'block' : 'warn',
      detail: `Left alone: ${refusalSentence(refusal)}`,
    })),
    steps: signalSteps(action, victims, wait),
    ...(victims.length > 0 && { consequence: CONSEQUENCE[action] }),
    // of each that was signalled it is told what became of it
    leaves: () => undefined,
    reaches: () => 'No committed data was changed.',
  };
}

/** What was asked for, as the record keeps it. */
function inputOf(pick: SignalPick): SignalPlan['input'] {
  if ('rootBlockers' in pick) return { root_blockers: true };
  if ('idleLongerThan' in pick) return { idle_longer_than: pick.idleLongerThan };
  return { pid: pick.pids.map(({ pid }) => pid) };
}

async function hitsOf(
  session: Session,
  request: SignalRequest,
  { rows, failure }: Awaited<ReturnType<typeof waits>>,
): Promise<Hits> {
  const { action, pick } = request;
  const cured = action === 'cancel' ? 'cancelled' : 'ended';
  if (failure !== undefined && 'rootBlockers' in pick) throw failure;

  const graph = waitGraph(rows);
  const named = byPid('pids' in pick ? pick.pids : 'rootBlockers' in pick ? rootBlockers(graph, rows) : []);
  const found = await find(session, request, [...named.keys()], rows);

  const victims: Victim[] = [];
  const refused = [...found.refused];
  for (const target of found.targets) {
    const circumstances: Circumstances = {
      server: session.server,
      action,
      named: named.get(target.pid) ?? [],
      unverified: request.unverified ?? false,
      sameTransaction: request.sameTransaction ?? 'rootBlockers' in pick,
      ...('idleLongerThan' in pick && { idleLongerThan: pick.idleLongerThan }),
    };
    const decision = decide(target, circumstances);
    if (isRefusal(decision)) {
      refused.push(decision);
      continue;
    }
    const blocks = waitingBehind(graph, target.pid);
    victims.push({
      target,
      guard: decision,
      blocks,
      longestWait: longestWait(blocks, rows),
      frees: freedBy(graph, new Set([target.pid]), cured).length,
      sql: signalSql(session.server, action, target, decision),
    });
  }
  const pids = new Set(victims.map((victim) => victim.target.pid));
  const frees = freedBy(graph, pids, cured);
  const held = heldUp(graph, pids, frees);
  return {
    action,
    victims,
    refused,
    limited: !session.server.rights.superuser,
    frees: frees.length,
    ...(isKept(frees, graph, rows) && { kept: true }),
    ...(held !== undefined && { heldUp: held }),
    ...(failure !== undefined && { waitersUnknown: failure.message }),
  };
}

/** An advisory lock goes from one of the freed to the next: pg_locks does not tell whether it ends with a transaction. */
function isKept(frees: readonly number[], graph: Waits, rows: readonly LockRow[]): boolean {
  const freed = new Set(frees);
  return rows.some(
    ({ pid, locktype }) =>
      locktype === 'advisory' && freed.has(pid) && [...(graph.get(pid) ?? [])].some((one) => freed.has(one)),
  );
}

function longestWait(blocks: readonly number[], rows: readonly LockRow[]): number | null {
  const behind = new Set(blocks);
  const waited = rows.flatMap((row) => (behind.has(row.pid) ? (row.wait_seconds ?? []) : []));
  return waited.length === 0 ? null : Math.max(...waited);
}

/** Whoever waits behind the victims and is not freed by them alone. */
function heldUp(graph: Waits, pids: ReadonlySet<number>, frees: readonly number[]): HeldUp | undefined {
  const freed = new Set(frees);
  const behind = new Set([...pids].flatMap((pid) => waitingBehind(graph, pid)));
  const waiters = [...behind].filter((pid) => !pids.has(pid) && !freed.has(pid));
  if (waiters.length === 0) return undefined;
  const by = heldUpBy(graph, waiters).filter((pid) => !pids.has(pid));
  return { waiters: waiters.length, by, freesTogether: freedBy(graph, new Set([...pids, ...by])).length };
}

async function waits(session: Session): Promise<{ rows: readonly LockRow[]; failure?: DbError }> {
  try {
    return { rows: await waitingRows(session) };
  } catch (error) {
    return { rows: [], failure: dbError(error) };
  }
}

/** The root blockers, those with the most sessions behind them first. */
function rootBlockers(graph: Waits, rows: readonly LockRow[]): NamedSession[] {
  const starts = new Map(rows.map((row) => [row.pid, row.backend_start_us]));
  return rootBlockerPids(graph)
    .map((pid) => ({ pid, start: starts.get(pid) ?? null, behind: waitingBehind(graph, pid).length }))
    .sort((a, b) => b.behind - a.behind || a.pid - b.pid)
    .map(({ pid, start }) => ({ pid, ...(start !== null && { backendStart: start }) }));
}

/** A session named twice is one victim. */
function byPid(sessions: readonly NamedSession[]): Map<number, NamedSession[]> {
  const named = new Map<number, NamedSession[]>();
  for (const one of sessions) named.set(one.pid, [...(named.get(one.pid) ?? []), one]);
  return named;
}

async function find(
  session: Session,
  { action, pick }: SignalRequest,
  wanted: readonly number[],
  waits: readonly LockRow[],
): Promise<Found> {
  if ('idleLongerThan' in pick)
    return {
      targets: await session.run(signalIdleCandidates, { seconds: pick.idleLongerThan }),
      refused: [],
    };
  const pids = wanted.filter((pid) => pid > 0);
  const rows = pids.length === 0 ? [] : await session.run(signalTargets, { pids });
  const found: Found = { targets: [], refused: [] };
  for (const pid of wanted) {
    const target = rows.find((row) => row.pid === pid);
    if (target !== undefined) found.targets.push(target);
    else if (pid <= 0)
      found.refused.push(
        prepared(
          action,
          waits.find((row) => row.pid === pid),
          session.server,
        ),
      );
    // a root blocker that went away while we looked needs no signal
    else if ('pids' in pick)
      found.refused.push({ pid, why: 'already_gone', reason: `Session ${pid} is already gone.` });
  }
  return found;
}

/** No signal reaches a prepared transaction: what does is said, for exactly this one. */
function prepared(action: SignalAction, row: LockRow | undefined, server: Server): Refusal {
  const pid = row?.pid ?? 0;
  const gid = row?.gid ?? null;
  if (gid === null)
    return {
      pid,
      why: 'prepared',
      reason: `A prepared transaction has no session to ${action}.`,
      remedy: 'Find it in pg_prepared_xacts and end it: pgdeck prepared GID --outcome commit or rollback.',
    };
  const name = quoteLiteral(gid).trim();
  const elsewhere = row?.prepared_in === server.database ? '' : ` in the database ${row?.prepared_in}`;
  return {
    pid,
    why: 'prepared',
    reason: `The prepared transaction ${name} of ${row?.owner ?? 'an unknown role'}, ${duration(row?.prepared_seconds)} old, has no session to ${action}.`,
    remedy: `As ${row?.owner ?? 'its owner'} or a superuser${elsewhere}: ROLLBACK PREPARED ${name}, or COMMIT PREPARED where its transaction manager says so.`,
  };
}
