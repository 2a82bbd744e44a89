import { shortRelation } from '../../db/ident.ts';
import { type LockHolder, lockHolders, type MaintenanceLock } from '../../db/queries/maintain/locks.ts';
import type { Session } from '../../db/session.ts';
import { capital } from '../../text/capital.ts';
import { duration, plural } from '../../text/units.ts';
import type { Check } from '../engine/plan.ts';

/** Sessions that are named; more are counted. */
const NAMED = 5;

/** Who is in the way of a lock on these tables now: those that hold one first, the longest transaction first. Throws DbError. */
export async function holdersOf(
  session: Session,
  oids: readonly number[],
  mode: MaintenanceLock,
): Promise<LockHolder[]> {
  return session.run(lockHolders, { oids, mode });
}

/** A session, as far as it is seen; a prepared transaction has no pid. */
export type Who = Pick<
  LockHolder,
  'pid' | 'usename' | 'application_name' | 'state' | 'backend_type' | 'xact_seconds'
>;

/** `session 4711 (ann, psql, idle in transaction for 3m05s)`. */
export function holderText({
  pid,
  usename,
  application_name,
  state,
  backend_type,
  xact_seconds,
}: Who): string {
  if (pid === null) return 'a prepared transaction';
  const since = xact_seconds === null ? undefined : `for ${duration(xact_seconds)}`;
  const doing = [state ?? (backend_type === 'client backend' ? undefined : backend_type), since];
  const who = [usename, application_name, doing.filter(Boolean).join(' ')].filter(Boolean).join(', ');
  return `session ${pid}${who === '' ? '' : ` (${who})`}`;
}

/** What can be done about one that is in the way. */
export function holderRemedy({ pid, state, backend_type }: Who): string {
  if (pid === null) return 'See it with: SELECT * FROM pg_prepared_xacts';
  if (backend_type === 'autovacuum worker') return 'Autovacuum gives way by itself.';
  return state?.startsWith('idle')
    ? `To end it: pgdeck terminate ${pid}`
    : `To cancel it: pgdeck cancel ${pid}`;
}

/** The check that says who holds, or waits for, what the plan needs. */
export function lockChecks(holders: readonly LockHolder[], then: string): Check[] {
  const title = 'Locks';
  if (holders.length === 0) return [{ title, status: 'ok', detail: 'No conflicting lock is held.' }];
  const checks = holders.slice(0, NAMED).map((one): Check => {
    const query = one.query ? `: ${one.query}` : '.';
    const does = one.granted ? 'holds' : 'waits for';
    return {
      title,
      status: 'warn',
      detail: sentence(
        `${holderText(one)} ${does} ${shortRelation(one.relation)}${query}`,
        then,
        holderRemedy(one),
      ),
    };
  });
  const more = holders.length - checks.length;
  return more > 0
    ? [
        ...checks,
        {
          title,
          status: 'warn',
          detail: `${plural(more, 'more lock')} ${more === 1 ? 'blocks' : 'block'} it.`,
        },
      ]
    : checks;
}

function sentence(text: string, ...more: readonly string[]): string {
  const first = capital(text);
  return [/[.!?]$/.test(first) ? first : `${first}.`, ...more].join(' ');
}
