import { displayName, quoteLiteral } from '../../db/ident.ts';
import { deadRowsPoll, type HorizonRow, horizonPoll, isOfDatabase } from '../../db/queries/horizon.ts';
import { locksPoll } from '../../db/queries/locks.ts';
import { capital } from '../../text/capital.ts';
import { count, duration, plural } from '../../text/units.ts';
import { defineCheck, type Facts } from '../check.ts';
import type { Found, Remedy, Severity } from '../finding.ts';
import { graded } from '../grade.ts';
import { pidsOf } from '../pids.ts';

/** So many transactions leave rows behind, whether a table of this database is seen to suffer or not. */
const MANY_XIDS = 10_000;
/** Where it is not told since when: minutes on a server that has much to do. */
const UNTIMED_XIDS = 100_000;
/** The server's own, where it cannot be read. */
const FREEZE_MAX_AGE = 200_000_000;

/** Who keeps VACUUM from removing dead rows, and which tables suffer. */
export const xminHorizon = defineCheck({
  id: 'xmin_horizon',
  title: 'Xmin horizon',
  category: 'vacuum',
  fix: '`cancel`, `terminate`, `prepared`',
  reads: [horizonPoll, deadRowsPoll],
  also: [locksPoll],
  judge: (facts) => {
    if (facts.server.standby)
      return { because: 'VACUUM runs on the primary, which judges what queries here hold there' };
    const holders = facts.figures.rows(horizonPoll).filter(({ xids }) => (xids ?? 0) > 0);
    const byName = Map.groupBy(holders, nameOf);
    return {
      findings: [...byName].flatMap(([name, rows]): Found[] => {
        const held = rows.flatMap((row) => {
          const level = severityOf(row, facts);
          return level ? [{ row, level }] : [];
        });
        const [first] = held;
        if (first === undefined) return [];
        const oldest = held.reduce((a, b) => ((b.row.xids ?? 0) > (a.row.xids ?? 0) ? b : a), first);
        return [
          describe(
            name,
            held.map(({ row }) => row),
            oldest,
            facts,
          ),
        ];
      }),
    };
  },
});

interface Level {
  readonly severity: Severity;
  readonly threshold: number;
  /** By time, where the server tells since when. */
  readonly timed: boolean;
}

const nameOf = ({ kind, id, owner, database, detail }: HorizonRow): string => {
  if (kind === 'session') return `${owner ?? '-'}@${database ?? '-'}`;
  return kind === 'standby' ? detail || 'standby' : id;
};

/** What is seen is removed all the same where it is another database's. */
const isSeenBy = (row: HorizonRow, { server }: Facts): boolean => isOfDatabase(row, server.database);

const suffering = (row: HorizonRow, facts: Facts) =>
  isSeenBy(row, facts) ? facts.figures.rows(deadRowsPoll) : [];

function severityOf(row: HorizonRow, facts: Facts): Level | undefined {
  const { seconds } = row;
  const xids = row.xids ?? 0;
  const freezeMaxAge = Number(facts.server.settings.autovacuum_freeze_max_age ?? FREEZE_MAX_AGE);
  // nothing newer can be frozen: wraparound comes nearer with every transaction
  for (const [severity, threshold] of [
    ['critical', freezeMaxAge],
    ['alert', freezeMaxAge / 2],
  ] as const)
    if (xids >= threshold) return { severity, threshold, timed: false };
  if (seconds === null)
    return xids >= UNTIMED_XIDS ? { severity: 'warning', threshold: UNTIMED_XIDS, timed: false } : undefined;
  const { found } = graded('long_query_seconds', seconds, facts.thresholds);
  if (found === undefined || (xids < MANY_XIDS && suffering(row, facts).length === 0)) return undefined;
  return { severity: found.severity, threshold: found.threshold, timed: true };
}

function describe(
  name: string,
  rows: readonly HorizonRow[],
  { row, level }: { readonly row: HorizonRow; readonly level: Level },
  facts: Facts,
): Found {
  const { severity, threshold, timed } = level;
  const time = row.seconds === null ? '' : ` for ${duration(row.seconds)}`;
  const tables = suffering(row, facts).map(
    (table) =>
      `${displayName(table.schemaname, table.relname)} (${count(table.dead)}, vacuumed ${table.vacuum_age_seconds === null ? 'never' : `${duration(table.vacuum_age_seconds)} ago`})`,
  );
  const dead = tables.length > 0 ? `; most dead rows: ${tables.join(', ')}` : '';
  const pids = row.kind === 'session' ? `; pid ${pidsOf(rows.map(({ id }) => ({ pid: id })))}` : '';
  // the pid and the role do not tell a program from another
  const who =
    pids && row.detail ? (rows.length > 1 ? `, the oldest: ${row.detail}` : ` (${row.detail})`) : '';
  return {
    object: name,
    severity,
    title: `${capital(subject(row, name, rows.length))} back VACUUM${time}: rows${row.catalogs_only ? ' of the system catalogs' : ''} that died in the last ${count(row.xids)} transactions stay.`,
    ...(timed && row.seconds !== null ? { value: row.seconds, unit: 's' } : { value: row.xids ?? 0 }),
    threshold,
    evidence: `Read from the server's snapshots now${pids}${who}${dead}.`,
    why: row.catalogs_only
      ? 'The catalogs grow with every change of definitions and every temporary table; nothing newer can be frozen in them, which wraparound counts too.'
      : 'Dead rows pile up in every table that is written to, and scans read them all; nothing newer can be frozen either.',
    remedy: remedy(row, rows, facts),
  };
}

function subject({ kind, database }: HorizonRow, name: string, n: number): string {
  if (kind === 'session') return `${plural(n, 'session')} of ${name} ${n === 1 ? 'holds' : 'hold'}`;
  if (kind === 'prepared transaction')
    return `the prepared transaction ${quoteLiteral(name).trim()} in ${database ?? 'a dropped database'} holds`;
  return kind === 'replication slot' ? `the slot ${name} holds` : `a query on the standby ${name} holds`;
}

function remedy({ kind, id, state }: HorizonRow, rows: readonly HorizonRow[], facts: Facts): Remedy {
  if (kind === 'session') {
    // who waits for a lock goes on when whoever holds it ends: a victim is not to be ended
    const waiting = new Set(
      facts.figures.rows(locksPoll).flatMap(({ pid, n_blockers }) => (n_blockers > 0 ? [String(pid)] : [])),
    );
    const free = rows.filter((row) => !waiting.has(row.id));
    if (free.length === 0)
      return {
        advice:
          'They wait for a lock: end the session at the head of the queue (pgdeck show locks), not these.',
      };
    const running = (free.some((row) => row.id === id) ? state : free[0]?.state) === 'active';
    const pid = free.filter((row) => (row.state === 'active') === running).map((row) => row.id);
    return running
      ? { operation: 'cancel', input: { pid }, cost: 'The query ends with an error; the session stays.' }
      : {
          operation: 'terminate',
          input: { pid },
          cost: 'The session ends, and what it has not committed is undone.',
        };
  }
  if (kind === 'prepared transaction')
    return {
      operation: 'prepared',
      input: { gid: id },
      cost: 'Its locks are released; ask its transaction manager whether it was to be committed or rolled back.',
    };
  if (kind === 'replication slot')
    return {
      sql: `SELECT pg_drop_replication_slot(${quoteLiteral(id).trim()})`,
      cost: 'Only where its reader does not come back: it would have to be made anew. Else get that to read on.',
    };
  return {
    advice:
      'End the longest transaction there; hot_standby_feedback passes on what it sees, so that it is not cancelled there.',
  };
}
