import { type ConflictsRow, conflictsPoll } from '../../db/queries/conflicts.ts';
import type { Counted } from '../../monitor/derived/growth.ts';
import { duration, plural } from '../../text/units.ts';
import { defineCheck, type Facts } from '../check.ts';
import type { Found, Judgement } from '../finding.ts';
import { notYet } from '../window.ts';

/** What each kind comes from, and what to do where it comes often. */
const KINDS = {
  snapshot: {
    cause: 'VACUUM on the primary removed rows that they still saw',
    advice:
      'Allow replay to wait for longer (max_standby_streaming_delay), or keep such rows on the primary with hot_standby_feedback = on, which costs bloat there.',
  },
  lock: {
    cause:
      'the primary took an exclusive lock on a table that they read: DDL, or VACUUM that cut its end off',
    advice:
      'Do DDL when nobody reads here, and switch vacuum_truncate off for tables that are read here all the time; max_standby_streaming_delay lets replay wait for longer.',
  },
  bufferpin: {
    cause: 'they held a page that VACUUM on the primary had cleaned up',
    advice: 'Let replay wait for longer (max_standby_streaming_delay).',
  },
  deadlock: {
    cause: 'they and replay waited for each other',
    advice:
      'Let the application try again; look at what takes locks here in another order than on the primary.',
  },
  tablespace: {
    cause: 'a tablespace that they had temporary files in was dropped on the primary',
    advice: 'Leave temp_tablespaces empty here, or leave those tablespaces in place.',
  },
  logicalslot: {
    cause: 'rows or a wal_level that the slots need are gone on the primary',
    advice: 'Set hot_standby_feedback = on and keep wal_level = logical on the primary; make the slots anew.',
  },
} as const;
type Kind = keyof typeof KINDS;

/** Their counters; 0 for what a version does not count. */
const counted: Counted<ConflictsRow> = {
  poll: conflictsPoll,
  key: ({ datname }) => datname,
  counters: (row) => Object.fromEntries(Object.keys(KINDS).map((kind) => [kind, row[kind as Kind] ?? 0])),
  at: ({ server_ms }) => server_ms,
  epoch: ({ stats_reset }) => stats_reset ?? '',
};

/** Queries that a standby has cancelled for replay, by the kind of conflict. */
export const standbyConflicts = defineCheck({
  id: 'standby_conflicts',
  title: 'Conflicts with replay',
  category: 'replication',
  fix: 'a setting of the standby',
  reads: [conflictsPoll],
  counts: [counted],
  judge: (facts) => {
    const rows = facts.figures.rows(conflictsPoll);
    if (rows.length === 0) return { because: 'this server is no standby' };
    const judged = Object.keys(KINDS).map((kind) => judge(kind as Kind, rows, facts));
    const unknown = judged.find((one) => one.unknown !== undefined)?.unknown;
    return { findings: judged.flatMap(({ findings = [] }) => findings), ...(unknown && { unknown }) };
  },
});

function judge(kind: Kind, rows: readonly ConflictsRow[], { figures }: Facts): Judgement {
  const grown = rows.flatMap((row) => {
    const window = figures.growth.of(counted, row.datname);
    return [{ row, window, count: window?.delta[kind] ?? 0, total: row[kind] ?? 0 }];
  });
  const count = grown.reduce((sum, one) => sum + one.count, 0);
  const [longest] = grown.toSorted((a, b) => (b.window?.seconds ?? 0) - (a.window?.seconds ?? 0));
  const total = grown.reduce((sum, one) => sum + one.total, 0);
  if (count === 0) {
    const reset = rows.some((row) => figures.growth.reset(counted, row.datname));
    const unknown = notYet(total, count, longest?.window, reset);
    return unknown ? { unknown } : {};
  }
  const { cause, advice } = KINDS[kind];
  const what = kind === 'logicalslot' ? plural(count, 'logical slot') : plural(count, 'query', 'queries');
  const was = count === 1 ? 'was' : 'were';
  const places = grown.filter((one) => one.count > 0).map(({ row }) => row.datname);
  const found: Found = {
    object: kind,
    severity: 'warning',
    title: `${what} ${was} ${kind === 'logicalslot' ? 'invalidated' : 'cancelled'} for replay (${kind}).`,
    value: count,
    evidence: `In ${places.join(', ')} within the last ${duration(longest?.window?.seconds)}, ${total} since the statistics began; from pg_stat_database_conflicts.`,
    why: `Replay goes on and they do not: ${cause}.`,
    remedy: { advice },
  };
  return { findings: [found] };
}
