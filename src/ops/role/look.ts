import type { Session } from '../../db/session.ts';
import { plural } from '../../text/units.ts';
import type { Check } from '../engine/plan.ts';
import { roleErrors } from './errors.ts';
import { mayReadStored, type RoleFacts, roleFacts, storedPassword, timeRead } from './queries/roles.ts';

export const block = (title: string, detail: string): Check => ({ title, status: 'block', detail });
export const warn = (title: string, detail: string): Check => ({ title, status: 'warn', detail });
export const ok = (title: string, detail: string): Check => ({ title, status: 'ok', detail });

/** What there is to know of a role. Throws {@link OpError} when there is none of that name. */
export async function roleOf(session: Session, role: string): Promise<RoleFacts> {
  const [facts] = await session.run(roleFacts, { role });
  if (facts === undefined) throw roleErrors.noRole({ role });
  return facts;
}

/** What is kept of a password: null where there is none, undefined where this role may not look. */
export async function storedOf(session: Session, role: string): Promise<string | null | undefined> {
  const [may] = await session.run(mayReadStored, undefined);
  if (may?.may !== true) return undefined;
  return (await session.run(storedPassword, { role }))[0]?.stored ?? null;
}

const SPANS: Readonly<Record<string, number>> = { h: 1, d: 24, w: 24 * 7, m: 24 * 30, y: 24 * 365 };

/**
 * Until when a password is to be valid, as the server prints it: from a day, a time, a span from now on, or `infinity`.
 * Throws {@link OpError} for what is none, and for what is past.
 */
export async function validUntil(session: Session, given: string, now: Date): Promise<string> {
  const text = given.trim();
  const [, count, unit = ''] = /^(\d{1,5})([hdwmy])$/.exec(text) ?? [];
  const hours = (SPANS[unit] ?? 0) * Number(count ?? 0);
  const time = hours > 0 ? new Date(now.getTime() + hours * 3_600_000).toISOString() : text;
  // the server would take `tomorrow`, `now`, and a number of its own calendar
  if (!/^(\d{4,5}-\d\d-\d\d|infinity$)/i.test(time))
    throw roleErrors.badTime({ given: text, why: 'it begins with no year, month and day.' });
  const [read] = await session.run(timeRead, { time }).catch((error: unknown) => {
    throw roleErrors.badTime({ given: text, why: (error as Error).message }, error);
  });
  if (read === undefined || read.past) throw roleErrors.badTime({ given: text, why: 'it is past.' });
  return read.time;
}

/** Whether this role may change it. */
export function alterCheck({ server }: Session, facts: RoleFacts, own = false): Check {
  const title = 'Privileges';
  const { name, superuser, may_alter, is_me } = facts;
  if (server.standby)
    return block(title, 'This server is a standby, which cannot be written to: connect to its primary.');
  if (may_alter || (own && is_me)) return ok(title, `${server.user} may change ${name}.`);
  if (superuser) return block(title, `${name} is a superuser: only a superuser may change it.`);
  return block(
    title,
    server.major >= 16
      ? `${server.user} may not change ${name}: that takes CREATEROLE and ADMIN OPTION on ${name}, or a superuser.`
      : `${server.user} may not change ${name}: that takes CREATEROLE, or a superuser.`,
  );
}

/** That its sessions go on. */
export function sessionsCheck({ name, sessions }: RoleFacts): Check[] {
  if (sessions === 0) return [];
  return [
    warn(
      'Sessions',
      `${plural(sessions, 'session')} of ${name} ${sessions === 1 ? 'goes' : 'go'} on; what connects from then on needs the new password.`,
    ),
  ];
}
