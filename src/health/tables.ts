import { displayName, fullName, quoteRelation } from '../db/ident.ts';
import { autovacuumPoll, type DueTable } from '../db/queries/maintain/due.ts';
import { setByReload } from '../db/server.ts';
import { bytes, count, plural } from '../text/units.ts';
import type { Facts } from './check.ts';
import type { Judgement, Remedy, Unknown } from './finding.ts';

/** Why nothing can be said of what the server counts about tables: undefined where it can. */
export function uncounted(facts: Facts): Judgement | undefined {
  if (facts.server.standby)
    return { because: 'a standby takes the rows as they are: its primary vacuums and analyses' };
  const [row] = facts.figures.rows(autovacuumPoll);
  if (row?.track_counts !== false) return undefined;
  return {
    unknown: {
      reason: 'track_counts is off: what happens to tables is not counted, and autovacuum does nothing.',
      remedy: countAgain(facts),
    },
  };
}

/** What has things counted about tables and indexes again. */
export function countAgain({ server }: Facts): string {
  const set = setByReload(server, 'track_counts', 'on');
  return 'sql' in set ? set.sql : set.advice;
}

/** Since when the counters of tables run. */
export function countedSince(facts: Pick<Facts, 'figures'>): string {
  const since = facts.figures.rows(autovacuumPoll)[0]?.stats_since;
  return since ? `Counted since ${since.slice(0, 16)}` : 'Counted since nobody knows when';
}

/**
 * Whether autovacuum has not had its turn since a table was done. What the same session had changed before is counted
 * only after that, and looks as if it had come since.
 */
export function isFresh(seconds: number | null, { figures }: Facts): boolean {
  return seconds !== null && seconds < (figures.rows(autovacuumPoll)[0]?.naptime_seconds ?? 0);
}

/** How many of these are named. */
const NAMED = 3;

/** What cannot be known of tables whose counters were lost; undefined where there are none. */
export function lostCounters(tables: readonly DueTable[]): Unknown | undefined {
  const [first] = tables;
  if (first === undefined || first.lost_tables === 0) return undefined;
  const names = tables
    .filter(({ lost }) => lost)
    .slice(0, NAMED)
    .map(({ schema, name }) => displayName(schema, name));
  const more = first.lost_tables - names.length;
  return {
    reason: `Nothing is counted of ${plural(first.lost_tables, 'table')} that ${first.lost_tables === 1 ? 'has' : 'have'} rows (${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}): the counters were lost in a crash or a reset, or the database is a copy.`,
    remedy: 'ANALYZE',
  };
}

type Maintained = Pick<DueTable, 'schema' | 'name' | 'may'>;

/** An operation of maintenance for one table, filled in; where this role may not, the statement for who may. */
export function maintain(
  operation: 'vacuum' | 'analyze',
  table: Maintained,
  cost: string,
  options: Readonly<Record<string, unknown>> = {},
): Remedy {
  const { schema, name, may } = table;
  if (may) return { operation, input: { table: [fullName(schema, name)], ...options }, cost };
  const words = options.full === true ? 'VACUUM (FULL)' : operation.toUpperCase();
  return {
    sql: `${words} ${quoteRelation(table)}`,
    cost: `${cost} This role may not: it takes the owner of the table or a superuser.`,
  };
}

/** Of how many the worst are told, where there are more than are read. */
export function worstOf(listed: number, all: number, noun = 'such tables'): string {
  return all > listed ? ` Of ${count(all)} ${noun} the ${count(listed)} worst are told.` : '';
}

/** A size that VACUUM and ANALYZE note, until when nobody knows it. */
export function sizeText(size: number | null): string {
  return size === null ? 'size not known yet' : bytes(size);
}
