import type { DbError } from '../../db/errors.ts';
import { literalQuery } from '../../db/literal.ts';
import type { Query } from '../../db/query.ts';
import type { Server } from '../../db/server.ts';
import { call, type Session } from '../../db/session.ts';
import { cancelByName, stillByName, terminateByName } from './queries/by-name.ts';
import { signalIdle } from './queries/idle.ts';
import { signalCancel, signalStill, signalTerminate, signalTransaction } from './queries/signal.ts';
import type { Guard, SignalAction, SignalTarget, Victim } from './types.ts';

/** The signal was delivered, the guard found nobody, or the server refused. */
export type Sent = 'delivered' | 'nobody' | DbError;

/** Sends the signal of a victim once, if its guard still holds on the server. */
export async function send(session: Session, action: SignalAction, victim: Victim): Promise<Sent> {
  const { target, guard } = victim;
  const [answer] = await session.batch([call(guarded(session.server, action, target, guard), undefined)]);
  if (answer === undefined) return 'nobody';
  if (!answer.ok) return answer.error;
  // false: the process ended between the look and the signal
  return answer.rows.some((row) => (row as { sent: boolean | null }).sent === true) ? 'delivered' : 'nobody';
}

/** The statement that is sent: with its parameters in place, as it is shown. */
function guarded(server: Server, action: SignalAction, target: SignalTarget, guard: Guard) {
  const literal = <Input, Row>(query: Query<Input, Row>, input: Input) => literalQuery(query, input, server);
  const { pid } = target;
  if (guard.by === 'name') return literal(action === 'cancel' ? cancelByName : terminateByName, target);
  const { backendStart } = guard;
  if (guard.by === 'idle') return literal(signalIdle, { pid, backendStart, queryStart: guard.queryStart });
  if (guard.by === 'transaction')
    return literal(signalTransaction, { pid, backendStart, xactStart: guard.xactStart });
  return guard.by === 'query'
    ? literal(signalCancel, { pid, backendStart, queryStart: guard.queryStart })
    : literal(signalTerminate, { pid, backendStart });
}

/** Where a signalled victim is now. */
export type Whereabouts =
  | 'gone'
  /** The session is there; for cancel: the statement is over. */
  | 'done'
  | 'there'
  /** This role may not see it. */
  | 'unknown'
  | DbError;

/** Looks for all victims in one round trip, in their order. */
export async function look(
  session: Session,
  action: SignalAction,
  victims: readonly Victim[],
): Promise<Whereabouts[]> {
  const answers = await session.batch(
    victims.map(({ target, guard }) =>
      guard.by === 'name'
        ? call(stillByName, target)
        : call(signalStill, { pid: target.pid, backendStart: guard.backendStart }),
    ),
  );
  return victims.map((victim, at) => {
    const answer = answers[at];
    if (answer === undefined) return 'gone';
    if (!answer.ok) return answer.error;
    const row = answer.rows[0] as { state?: string | null; query_start_us?: number | null } | undefined;
    if (row === undefined) return 'gone';
    return action === 'terminate' ? 'there' : statement(victim, row);
  });
}

function statement(
  { guard, target }: Victim,
  row: { state?: string | null; query_start_us?: number | null },
): Whereabouts {
  if (guard.by === 'name' || row.state === undefined || row.state === null || row.state === 'disabled')
    return 'unknown';
  if (row.state !== 'active') return 'done';
  const meant = guard.by === 'query' ? guard.queryStart : target.query_start_us;
  return row.query_start_us === meant ? 'there' : 'done';
}

/** The statement that is sent: it runs in psql as it stands. */
export function signalSql(server: Server, action: SignalAction, target: SignalTarget, guard: Guard): string {
  return guarded(server, action, target, guard).text;
}
