import { quoteIdent } from '../../../db/ident.ts';
import { type DatabaseFacts, databaseFacts } from '../../../db/queries/database/facts.ts';
import {
  preparedIn,
  type SwapSessionRow,
  slotsIn,
  subscriptionsIn,
  swapSessions,
} from '../../../db/queries/database/swap.ts';
import type { Session } from '../../../db/session.ts';
import { bytes, plural } from '../../../text/units.ts';
import { isMaintenance } from '../../database/maintenance.ts';
import { readMarker } from '../../database/markers.ts';
import type { Check } from '../../engine/plan.ts';

/** One check, or none where there is nothing to say. */
type Found = Check | undefined;

/**
 * What must hold before a database is exchanged for another one. Only looks. `taken` are the names that
 * will be given. Throws DbError.
 */
export async function swapChecks(
  session: Session,
  { live, taken = [] }: { readonly live: string; readonly taken?: readonly string[] },
): Promise<Check[]> {
  const [facts] = await session.run(databaseFacts, { database: live });
  if (facts === undefined)
    return [block('Database', `There is no database ${live}; restore into a new one with --into ${live}.`)];
  const { oid } = facts;
  const [prepared, slots, subscriptions, sessions] = await Promise.all([
    session.run(preparedIn, { oid }),
    session.run(slotsIn, { oid }),
    session.run(subscriptionsIn, { oid }),
    session.run(swapSessions, { oid }),
  ]);
  const names = await Promise.all(taken.map((database) => session.run(databaseFacts, { database })));
  const checks: Found[] = [
    databaseCheck(session, facts),
    privilegeCheck(session, facts),
    sessionCheck(session, facts, sessions),
    prepared.length === 0
      ? undefined
      : block(
          'Prepared transactions',
          `${live} has ${plural(prepared.length, 'prepared transaction')} (${list(prepared.map(({ gid }) => gid))}), which would be lost: COMMIT PREPARED or ROLLBACK PREPARED first.`,
        ),
    subscriptionCheck(live, subscriptions),
    slotCheck(live, slots),
    ...names.flatMap(([there]) =>
      there === undefined
        ? []
        : [block('Names', `There is a database ${there.name} already: try again in a second.`)],
    ),
  ];
  return checks.filter((check) => check !== undefined);
}

/** What must hold before a swap is undone. Only looks. Throws DbError. */
export async function undoChecks(
  session: Session,
  {
    live,
    before,
    rolledBack,
  }: { readonly live: string; readonly before: string; readonly rolledBack: string },
): Promise<Check[]> {
  const [checks, [copy]] = await Promise.all([
    swapChecks(session, { live, taken: [rolledBack] }),
    session.run(databaseFacts, { database: before }),
  ]);
  return [...checks, wayBack(before, live, copy)];
}

function wayBack(before: string, live: string, copy: DatabaseFacts | undefined): Check {
  const title = 'Way back';
  if (copy === undefined)
    return block(title, `${before} is gone, and with it the way back: restore the safety backup instead.`);
  const marker = readMarker(copy.comment);
  if (marker?.target !== live)
    return block(
      title,
      `${before} does not say that it was ${live}: look at its comment before you rename it.`,
    );
  return ok(title, `${before} is there: ${live} as it was before run ${marker.run}.`);
}

const block = (title: string, detail: string): Check => ({ title, status: 'block', detail });
const warn = (title: string, detail: string): Check => ({ title, status: 'warn', detail });
const ok = (title: string, detail: string): Check => ({ title, status: 'ok', detail });

function databaseCheck({ server }: Session, facts: DatabaseFacts): Check {
  const title = 'Database';
  const { name } = facts;
  if (server.standby)
    return block(title, 'This server is a standby, which cannot be written to: connect to its primary.');
  if (isMaintenance(name))
    return block(
      title,
      `${name} is the database that pgdeck and others work from, and cannot be swapped: restore into a new one with --into NAME.`,
    );
  if (facts.connection_limit === -2)
    return block(title, `A DROP DATABASE of ${name} was interrupted; it can only be dropped.`);
  if (!facts.allows_connections)
    return block(
      title,
      `${name} lets nobody connect: open it with ALTER DATABASE ${quoteIdent(name)} WITH ALLOW_CONNECTIONS true.`,
    );
  return ok(
    title,
    `${name} belongs to ${facts.owner}, ${facts.encoding}, ${facts.locale ?? facts.lc_collate}.`,
  );
}

/** Renaming a database asks for its owner's rights and for CREATEDB. */
function privilegeCheck(
  { server }: Session,
  { name, owner, owned, owner_super, may_create }: DatabaseFacts,
): Check {
  const title = 'Privileges';
  const role = quoteIdent(server.user);
  if (!owned && owner_super)
    return block(
      title,
      `${name} belongs to ${owner}, a superuser: connect as a superuser, or have one run ALTER DATABASE ${quoteIdent(name)} OWNER TO ${role}.`,
    );
  if (!owned)
    return block(
      title,
      `${name} belongs to ${owner}: GRANT ${quoteIdent(owner)} TO ${role}, or connect as ${owner}.`,
    );
  if (!may_create)
    return block(title, `${server.user} may not create databases: ALTER ROLE ${role} CREATEDB.`);
  return ok(title, `${server.user} may create databases and rename ${name}.`);
}

function sessionCheck(
  { server }: Session,
  { name }: DatabaseFacts,
  sessions: readonly SwapSessionRow[],
): Check {
  const title = 'Sessions';
  const supers = sessions.filter(({ needs }) => needs === 'superuser');
  if (supers.length > 0)
    return block(
      title,
      `${plural(supers.length, 'session')} of superusers in ${name} (${whoText(supers)}) can be ended by superusers only: end ${supers.length === 1 ? 'it' : 'them'}, or connect as one.`,
    );
  const others = sessions.filter(({ needs }) => needs !== null);
  if (others.length > 0)
    return block(
      title,
      `${server.user} may not end ${plural(others.length, 'session')} in ${name} (${whoText(others)}): GRANT pg_signal_backend TO ${quoteIdent(server.user)}.`,
    );
  if (sessions.length === 0) return ok(title, `Nobody is connected to ${name}.`);
  return ok(title, `${plural(sessions.length, 'session')} in ${name} will be ended: ${whoText(sessions)}.`);
}

/** Restored they are disabled, under the name of a slot that the old one still uses. */
function subscriptionCheck(
  live: string,
  subscriptions: readonly { name: string; enabled: boolean }[],
): Found {
  const title = 'Subscriptions';
  const enabled = subscriptions.filter((one) => one.enabled);
  if (enabled.length > 0)
    return block(
      title,
      `${live} receives changes by ${list(enabled.map(({ name }) => name))}, which would keep failing in the old database: ALTER SUBSCRIPTION … DISABLE first.`,
    );
  if (subscriptions.length === 0) return undefined;
  return warn(
    title,
    `${list(subscriptions.map(({ name }) => name))} will be disabled in the new ${live}, and keeps the old one from being dropped: enable it there, or create it again, after the swap.`,
  );
}

function slotCheck(live: string, slots: readonly { name: string; retained_bytes: number | null }[]): Found {
  if (slots.length === 0) return undefined;
  const shown = slots.map(({ name, retained_bytes }) =>
    retained_bytes === null ? name : `${name} (keeps ${bytes(retained_bytes)} of WAL)`,
  );
  return warn(
    'Replication slots',
    `${list(shown)} will stay with the old ${live} and keep WAL until the disk is full: drop and create ${slots.length === 1 ? 'it' : 'them'} in the new one after the swap.`,
  );
}

const MANY = 5;

function list(names: readonly string[]): string {
  const shown = names.slice(0, MANY).join(', ');
  return names.length > MANY ? `${shown} and ${names.length - MANY} more` : shown;
}

/** `app of web 4, psql of ann 1`: who it is rather than each of them. */
export function whoText(sessions: readonly SwapSessionRow[]): string {
  const groups = Map.groupBy(sessions, ({ usename, application_name }) =>
    application_name ? `${application_name} of ${usename}` : `${usename}`,
  );
  return list([...groups].map(([name, all]) => (all.length === 1 ? name : `${name} ${all.length} times`)));
}
