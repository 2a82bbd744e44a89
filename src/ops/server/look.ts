import type { Session } from '../../db/session.ts';
import type { Setting } from '../../db/settings/list.ts';
import { hidden } from '../../db/settings/secret.ts';
import { valueText } from '../../db/settings/value.ts';
import { duration, plural } from '../../text/units.ts';
import type { Check, ResultTable } from '../engine/plan.ts';
import { type ServerWork, type SessionGroup, serverSessions, serverWork } from './queries/sessions.ts';

/** What goes on at a server that is to be restarted. */
export interface Seen {
  readonly groups: readonly SessionGroup[];
  readonly work: ServerWork;
}

/** Throws DbError. */
export async function lookAtServer(session: Session): Promise<Seen> {
  const [groups, [work]] = await Promise.all([
    session.run(serverSessions, undefined),
    session.run(serverWork, undefined),
  ]);
  return { groups, work: work ?? { prepared: 0, base_backups: 0, programs: [], standbys: [] } };
}

/** What would have to begin anew: backups, restores, runs of pgdeck. */
export function endedWork({ base_backups: base, programs }: ServerWork): string[] {
  const copies = programs.some((name) => name.startsWith('pg_basebackup')) ? 0 : base;
  return [
    ...programs.map((name) =>
      name.startsWith('pgdeck:') ? `the run ${name.slice('pgdeck:'.length)}` : name,
    ),
    ...(copies > 0 ? [plural(copies, 'base backup')] : []),
  ];
}

export function sessionTable(groups: readonly SessionGroup[]): ResultTable {
  return {
    title: 'Who is connected, and is disconnected',
    columns: ['database', 'role', 'application', 'from', 'sessions', 'active', 'in a transaction', 'oldest'],
    rows: groups.map((one) => [
      one.database ?? '-',
      one.role ?? '-',
      one.application,
      one.address ?? '-',
      String(one.sessions),
      String(one.active),
      String(one.transactions),
      one.oldest_seconds === null ? '-' : duration(one.oldest_seconds),
    ]),
  };
}

/** Settings that the restart brings into force. */
export function waitingTable(settings: readonly Setting[]): ResultTable[] {
  const rows = settings
    .filter(({ pending_restart }) => pending_restart)
    .map((one) => [one.name, valueText(one, one.value), afterText(one)]);
  return rows.length === 0
    ? []
    : [{ title: 'Settings that wait for it', columns: ['setting', 'now', 'after the restart'], rows }];
}

function afterText({ name, waiting, boot_val, ...setting }: Setting): string {
  if (waiting === undefined) return 'not for this role to know';
  if (waiting === null) return `${valueText({ name, ...setting }, boot_val)}, the default`;
  return hidden(name, waiting);
}

/** What a restart meets. `accepted`: it is to be done although backups or runs are at work. */
export function serverChecks(
  { groups, work }: Seen,
  settings: readonly Setting[],
  accepted: boolean,
): Check[] {
  const { prepared, standbys } = work;
  const sum = (of: (one: SessionGroup) => number) => groups.reduce((total, one) => total + of(one), 0);
  const open = sum((one) => one.transactions);
  const wrong = settings.flatMap(({ name, wrong: lines }) =>
    lines.map(({ sourcefile, sourceline, error }) => `${name} at ${sourcefile}:${sourceline} (${error})`),
  );
  const ended = endedWork(work);
  return [
    open > 0
      ? {
          title: 'Transactions',
          status: 'warn',
          detail: `${plural(open, 'open transaction')}: rolled back, and nobody but their clients can begin them again.`,
        }
      : { title: 'Transactions', status: 'ok', detail: 'None is open that this role can see.' },
    ...(ended.length === 0
      ? []
      : [
          {
            title: 'At work',
            status: accepted ? ('warn' as const) : ('block' as const),
            detail: `${ended.join(', ')}: a restart ends ${ended.length === 1 ? 'it' : 'them'}, and all has to be done again.`,
            ...(!accepted && { answer: { field: 'interrupt', value: 'work' } }),
          },
        ]),
    ...(prepared > 0
      ? [
          {
            title: 'Prepared transactions',
            status: 'warn' as const,
            detail: `${plural(prepared, 'prepared transaction')} outlive it, with their locks: pgdeck prepared ends one.`,
          },
        ]
      : []),
    ...(standbys.length > 0
      ? [
          {
            title: 'Standbys',
            status: 'ok' as const,
            detail: `${standbys.join(', ')}: they lose the connection and come back by themselves.`,
          },
        ]
      : []),
    ...(wrong.length > 0
      ? [
          {
            title: 'Settings',
            status: 'block' as const,
            detail: `The server would not start again with what its files say: ${wrong.join('; ')}. Mend that first.`,
          },
        ]
      : []),
  ];
}
