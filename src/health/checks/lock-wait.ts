import { shortRelation } from '../../db/ident.ts';
import { summaryPoll } from '../../db/queries/activity.ts';
import { type LockRow, locksPoll } from '../../db/queries/locks.ts';
import { DEFAULT_WANTS } from '../../monitor/wants.ts';
import { count, duration, plural } from '../../text/units.ts';
import { defineCheck } from '../check.ts';
import type { Found } from '../finding.ts';
import { graded } from '../grade.ts';
import { pidsOf } from '../pids.ts';

/** As many that have waited as long as `critical` are a storm. */
const STORM = 10;

/** Before 14 pg_locks has no waitstart: the wait is no longer than the query. */
const waited = ({ wait_seconds, query_seconds }: LockRow): number => wait_seconds ?? query_seconds ?? 0;

/** What is waited for, where it is no relation: the lock of another transaction stands for a row that it has changed. */
const TARGETS: Readonly<Record<string, string>> = {
  transactionid: 'the end of another transaction, which has changed the same row',
  virtualxid: 'the end of an older transaction, as CREATE INDEX CONCURRENTLY and its like have to',
  tuple: 'their turn at a row',
  advisory: 'an advisory lock, which applications take by their own rules',
  object: 'a lock on an object that is no relation',
  extend: 'their turn to extend a file',
};

const targetOf = (object: string, { relation, locktype }: LockRow): string =>
  (relation === null ? TARGETS[locktype ?? ''] : undefined) ?? `a lock on ${object}`;

/** Who holds them up and waits for nobody: a transaction that is waited for does not tell whose it is. */
function blockers(rows: readonly LockRow[], all: readonly LockRow[]): string {
  const pids = new Set(rows.flatMap(({ blocked_by }) => blocked_by));
  const free = all.filter(({ pid, n_blockers }) => n_blockers === 0 && pids.has(pid));
  if (free.length === 0) return '';
  const prepared = free.flatMap(({ gid }) => (gid === null ? [] : [`the prepared transaction ${gid}`]));
  const sessions = free.filter(({ pid }) => pid > 0);
  const [first] = sessions;
  const who = first && `${first.usename ?? '-'}@${first.datname ?? '-'}`;
  const state = first?.state ? ` (${first.state})` : '';
  const held = [...prepared, ...(first ? [`${who}${state}, pid ${pidsOf(sessions)}`] : [])];
  return held.length === 0 ? '' : ` Held up by ${held.join('; ')}.`;
}

/** How long sessions wait for locks, by what they wait for. */
export const lockWait = defineCheck({
  id: 'lock_wait',
  title: 'Waits for locks',
  category: 'locks',
  fix: 'ending the blocker',
  reads: [summaryPoll, locksPoll],
  judge: (facts) => {
    const all = facts.figures.rows(locksPoll);
    const waiting = all.filter(({ n_blockers }) => n_blockers > 0);
    const longest = (rows: readonly LockRow[]) => rows.reduce((most, row) => Math.max(most, waited(row)), 0);
    const { measure } = graded('lock_wait_seconds', longest(waiting), facts.thresholds);
    const storm =
      waiting.filter((row) => waited(row) >= facts.thresholds.lock_wait_seconds.critical).length >= STORM;
    const waits = facts.figures.rows(summaryPoll)[0]?.lock_waiting ?? 0;
    // the two are read at different moments: a few more are no list that was cut
    const cut = all.length >= DEFAULT_WANTS.lockLimit && waits > waiting.length;
    const leftOut = cut
      ? ` Of ${count(waits)} that wait the ${count(waiting.length)} that wait the longest are read.`
      : '';
    const byTarget = Map.groupBy(
      waiting,
      ({ relation, locktype }) => shortRelation(relation) ?? locktype ?? 'unknown',
    );
    const findings = [...byTarget].flatMap(([object, rows]): Found[] => {
      const [first] = rows;
      const { found } = graded('lock_wait_seconds', longest(rows), facts.thresholds);
      if (first === undefined || found === undefined) return [];
      const modes = [...new Set(rows.flatMap(({ mode }) => mode ?? []))].join(', ');
      return [
        {
          object,
          ...found,
          title: `${plural(rows.length, 'session')} ${rows.length === 1 ? 'waits' : 'wait'} for ${targetOf(object, first)}, the longest for ${duration(found.value)}.`,
          evidence: `Read from pg_locks now; asked for: ${modes}.${blockers(rows, all)}${leftOut}${facts.server.major < 14 ? ' Before PostgreSQL 14 a wait is not timed: this is since the query began.' : ''}`,
          why: 'Those who wait do no work, and each of them may hold up others.',
          remedy: {
            advice: 'Look at who blocks them (pgdeck show locks) and cancel or end the one that frees most.',
          },
          ...(storm && { cap: 60 }),
        },
      ];
    });
    return { measure, findings };
  },
});
