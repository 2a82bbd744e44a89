import type { DatabaseFacts } from '../../db/queries/database/facts.ts';
import { preparedIn, slotsIn, subscriptionsIn, swapSessions } from '../../db/queries/database/swap.ts';
import type { Session } from '../../db/session.ts';
import { bytes, plural } from '../../text/units.ts';
import { isMaintenance } from '../database/maintenance.ts';
import type { Check } from '../engine/plan.ts';
import { whoText } from '../restore/swap/checks.ts';

export const block = (title: string, detail: string): Check => ({ title, status: 'block', detail });
export const warn = (title: string, detail: string): Check => ({ title, status: 'warn', detail });
export const ok = (title: string, detail: string): Check => ({ title, status: 'ok', detail });

/** Why a database is not one to be dropped or emptied, whoever asks; nothing where it may be. */
export function protectedChecks({ server }: Session, { name, is_template }: DatabaseFacts): Check[] {
  const title = 'Database';
  if (server.standby)
    return [block(title, 'This server is a standby, which cannot be written to: connect to its primary.')];
  if (isMaintenance(name))
    return [block(title, `${name} is the database that pgdeck and others work from: it stays.`)];
  if (is_template)
    return [
      block(
        title,
        `${name} is a template that others are made from: ALTER DATABASE … IS_TEMPLATE false first.`,
      ),
    ];
  if (server.database === name)
    return [
      block(
        title,
        `pgdeck is connected through ${name} itself, since this role may enter neither postgres nor template1: connect as one that may.`,
      ),
    ];
  return [];
}

/** Who is connected: shown, and in the way unless they are to be ended. Throws DbError. */
export async function sessionChecks(
  session: Session,
  { name, oid }: DatabaseFacts,
  end: boolean,
): Promise<Check[]> {
  const title = 'Sessions';
  const sessions = await session.run(swapSessions, { oid });
  if (sessions.length === 0) return [ok(title, `Nobody is connected to ${name}.`)];
  const who = `${plural(sessions.length, 'session')} in ${name} (${whoText(sessions)})`;
  if (!end)
    return [
      block(
        title,
        `${who}: end ${sessions.length === 1 ? 'it' : 'them'} first, have them leave, or give --end-sessions.`,
      ),
    ];
  const fixed = sessions.find(({ needs }) => needs !== null);
  if (fixed?.needs === 'superuser')
    return [
      block(title, `${who}, one of them a superuser's, which only a superuser may end: connect as one.`),
    ];
  if (fixed !== undefined)
    return [block(title, `${who}, which ${session.server.user} may not end: GRANT pg_signal_backend TO it.`)];
  return [warn(title, `${who} will be ended; what they have not committed is lost.`)];
}

/** What goes with a database that is dropped, or keeps it from being. Throws DbError. */
export async function tiedChecks(session: Session, { name, oid }: DatabaseFacts): Promise<Check[]> {
  const [slots, subscriptions, prepared] = await Promise.all([
    session.run(slotsIn, { oid }),
    session.run(subscriptionsIn, { oid }),
    session.run(preparedIn, { oid }),
  ]);
  const checks: Check[] = [];
  const active = slots.filter((slot) => slot.active);
  const idle = slots.filter((slot) => !slot.active);
  const names = (all: readonly { name: string }[]) => all.map((one) => one.name).join(', ');
  if (active.length > 0)
    checks.push(
      block('Replication slots', `${names(active)} of ${name} in use: stop what reads from it first.`),
    );
  if (idle.length > 0) {
    const kept = idle.map(({ name: slot, retained_bytes }) =>
      retained_bytes === null ? slot : `${slot} (keeps ${bytes(retained_bytes)} of WAL)`,
    );
    checks.push(
      warn(
        'Replication slots',
        `DROP DATABASE drops ${kept.join(', ')} with ${name} and says nothing of it: whoever read from ${idle.length === 1 ? 'it' : 'them'} has to begin anew.`,
      ),
    );
  }
  if (subscriptions.length > 0)
    checks.push(
      block('Subscriptions', `${name} has ${names(subscriptions)}: DROP SUBSCRIPTION there first.`),
    );
  if (prepared.length > 0)
    checks.push(
      block(
        'Prepared transactions',
        `${name} has ${plural(prepared.length, 'prepared transaction')} (${prepared.map(({ gid }) => gid).join(', ')}): COMMIT PREPARED or ROLLBACK PREPARED first.`,
      ),
    );
  return checks;
}
