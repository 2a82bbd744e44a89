import { quoteIdent } from '../../db/ident.ts';
import { grant, type Server } from '../../db/server.ts';
import { duration } from '../../text/units.ts';
import { sessionName } from './sentences.ts';
import type { Guard, NamedSession, Refusal, RefusalKind, SignalAction, SignalTarget } from './types.ts';

/** What the decision about one session depends on besides the session. */
export interface Circumstances {
  readonly server: Server;
  readonly action: SignalAction;
  /** How the session was asked for, when it was by pid; one session may be named twice. */
  readonly named: readonly NamedSession[];
  /** The sweep of idle sessions: seconds of idleness asked for. */
  readonly idleLongerThan?: number;
  readonly unverified: boolean;
  readonly sameTransaction?: boolean;
}

/** Decides whether a session may be signalled: the guard to send with, or why it is left alone. */
export function decide(target: SignalTarget, circumstances: Circumstances): Guard | Refusal {
  return (
    ownOrServer(target) ??
    waitsForWork(target, circumstances) ??
    noRight(target, circumstances.server) ??
    changed(target, circumstances) ??
    guard(target, circumstances)
  );
}

/** True for what {@link decide} refused. */
export function isRefusal(decision: Guard | Refusal): decision is Refusal {
  return 'why' in decision;
}

function refuse(target: SignalTarget, why: RefusalKind, reason: string, remedy?: string): Refusal {
  return { pid: target.pid, target, why, reason, ...(remedy !== undefined && { remedy }) };
}

function ownOrServer(target: SignalTarget): Refusal | undefined {
  const { pid, backend_type: type } = target;
  if (target.own) return refuse(target, 'own', `Session ${pid} is one of this pgdeck's own.`);
  if (type === null || type === 'client backend') return undefined;
  if (type === 'parallel worker')
    return refuse(
      target,
      'protected',
      `Process ${pid} is a parallel worker of session ${target.leader_pid ?? '?'}.`,
      target.leader_pid === null ? undefined : `Signal its leader: ${target.leader_pid}.`,
    );
  if (type === 'walsender')
    return refuse(
      target,
      'protected',
      `Process ${pid} is a walsender (replication to ${target.application_name || target.client_addr || 'a standby'}).`,
      'Stop the standby or the subscription instead; it would connect again.',
    );
  if (type === 'autovacuum worker')
    return target.query?.includes('(to prevent wraparound)')
      ? refuse(
          target,
          'protected',
          `Process ${pid} is an autovacuum worker that prevents transaction ID wraparound, and must not be stopped.`,
          'Let it finish; raising autovacuum_vacuum_cost_limit makes it faster.',
        )
      : refuse(
          target,
          'protected',
          `Process ${pid} is an autovacuum worker: it would come back within autovacuum_naptime.`,
          'It gives way by itself to whoever waits for its lock longer than deadlock_timeout.',
        );
  return refuse(target, 'protected', `Process ${pid} belongs to the server (${type}).`);
}

/**
 * Another pgdeck idles while it waits for its time: a console's connections, the lock of a run. The sweep is not meant
 * for it; but the name is no proof, so it is told, and ended when it is named.
 */
function waitsForWork(target: SignalTarget, { idleLongerThan }: Circumstances): Refusal | undefined {
  const { application_name: name, pid } = target;
  if (idleLongerThan === undefined || !name?.startsWith('pgdeck')) return undefined;
  return refuse(
    target,
    'another_pgdeck',
    `Session ${pid} calls itself ${name}: another pgdeck that idles has its reasons.`,
    `To end it: pgdeck terminate ${pid}`,
  );
}

function noRight(target: SignalTarget, server: Server): Refusal | undefined {
  // a hidden start is a matter of the guard, not of the right
  if (target.needs === null || target.needs === 'pg_read_all_stats') return undefined;
  return refuse(
    target,
    'not_permitted',
    `${server.user} may not signal ${sessionName(target)}.`,
    missingRight(target, server),
  );
}

/** What would let this role signal the session. */
export function missingRight(target: SignalTarget, server: Server): string {
  return target.superuser || target.needs === 'superuser'
    ? `Only a superuser may signal the session of a superuser: connect as one.`
    : `Run as a superuser: ${grant('pg_signal_backend', server)}, or ${grant(quoteIdent(target.usename ?? ''), server)}.`;
}

function changed(target: SignalTarget, { action, named }: Circumstances): Refusal | undefined {
  const starts = named.map((one) => one.backendStart).filter((start) => start !== undefined);
  if (starts.length > 0 && target.backend_start_us !== null && !starts.includes(target.backend_start_us))
    return refuse(
      target,
      'another_session',
      `Pid ${target.pid} is another session now; the one meant is gone.`,
    );
  if (action !== 'cancel') return undefined;
  const queries = named.map((one) => one.queryStart).filter((start) => start !== undefined);
  if (queries.length > 0 && target.query_start_us !== null && !queries.includes(target.query_start_us))
    return refuse(target, 'moved_on', `Session ${target.pid} no longer runs the statement that was meant.`);
  return undefined;
}

function guard(target: SignalTarget, circumstances: Circumstances): Guard | Refusal {
  const { backend_start_us: backendStart, query_start_us: queryStart, pid, state } = target;
  if (backendStart === null)
    return circumstances.unverified
      ? { by: 'name' }
      : refuse(
          target,
          'unverified',
          `The start of session ${pid} is hidden from ${circumstances.server.user}, so it cannot be told from a later session with the same pid.`,
          `Run as a superuser: ${grant('pg_read_all_stats', circumstances.server)}.`,
        );
  if (circumstances.idleLongerThan !== undefined) {
    const idle = state === 'idle' && (target.state_seconds ?? 0) > circumstances.idleLongerThan;
    return idle
      ? { by: 'idle', backendStart, queryStart }
      : refuse(
          target,
          'moved_on',
          `Session ${pid} has not been idle for more than ${duration(circumstances.idleLongerThan)}.`,
        );
  }
  const { xact_start_us: xactStart } = target;
  if (circumstances.action === 'terminate')
    return circumstances.sameTransaction && xactStart !== null
      ? { by: 'transaction', backendStart, xactStart }
      : { by: 'session', backendStart };
  if (state === 'active') return { by: 'query', backendStart, queryStart };
  // track_activities is off: what it runs is not known
  if (state === 'disabled' || state === null) return { by: 'query', backendStart, queryStart: null };
  return refuse(
    target,
    'moved_on',
    `Session ${pid} runs no statement (${state}), so there is nothing to cancel.`,
    'Terminating it ends the session and releases its locks.',
  );
}
