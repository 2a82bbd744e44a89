import { displayName } from '../db/ident.ts';
import { type DatabaseAge, databaseAgesPoll, oldestTablesPoll } from '../db/queries/wraparound.ts';
import { count, exact } from '../text/units.ts';
import type { Facts } from './check.ts';
import type { Found, Judgement, Remedy } from './finding.ts';
import { type Graded, graded } from './grade.ts';

/** vacuum_failsafe_age (14 and later): VACUUM itself then drops everything else to freeze in time. */
const FAILSAFE_AGE = 1.6e9;
/** Ids that are left when nothing is frozen in time: the server keeps 3 million of 2^31 for itself. */
const LAST_AGE = 2 ** 31 - 3e6;

/** One of the two counters that wrap around. */
export interface Wrapping {
  /** `transaction`, `multixact`. */
  readonly noun: string;
  readonly setting: string;
  readonly age: (row: { readonly xid_age: number; readonly mxid_age: number }) => number;
  readonly limit: (row: DatabaseAge) => number;
}

/** How old each database is, of the age from which autovacuum freezes whatever it is set to. */
export function wraparound(of: Wrapping, facts: Facts): Judgement {
  const rows = facts.figures.rows(databaseAgesPoll);
  const judged = rows.map((row) => ({ row, ...standing(of, row, facts) }));
  const [worst] = judged.toSorted((a, b) => b.measure.value - a.measure.value);
  const findings = judged.flatMap(({ row, found }) => (found ? [describe(of, row, found, facts)] : []));
  return { findings, ...(worst && { measure: worst.measure }) };
}

/** Near the end the age itself decides: a limit that was set high would hide it. */
function standing({ age, limit }: Wrapping, row: DatabaseAge, { thresholds }: Facts): Graded {
  const ratio = age(row) / limit(row);
  if (age(row) < FAILSAFE_AGE) return graded('wraparound_ratio', ratio, thresholds);
  return graded('wraparound_ratio', Math.max(ratio, thresholds.wraparound_ratio.critical), thresholds);
}

function describe(of: Wrapping, row: DatabaseAge, found: NonNullable<Graded['found']>, facts: Facts): Found {
  const { noun, setting, age, limit } = of;
  const old = age(row);
  const last = old >= FAILSAFE_AGE;
  return {
    object: row.datname,
    ...found,
    value: old / limit(row),
    title: `${row.datname} has not been frozen for ${count(old)} ${noun}s, ${(old / limit(row)).toFixed(1)} times ${setting}.`,
    evidence: `datfrozenxid and datminmxid of pg_database, now; ${setting} is ${exact(limit(row))}${oldest(of, row, facts)}.`,
    why: `Autovacuum should have frozen it by now and has not; in ${count(Math.max(0, LAST_AGE - old))} ${noun}s the server takes no more writes.`,
    remedy: remedy(row, facts),
    ...(last && { cap: 10 }),
  };
}

/** The tables that hold it back, as far as they are those of the connected database. */
function oldest({ age, limit }: Wrapping, row: DatabaseAge, { figures, server }: Facts): string {
  if (row.datname !== server.database) return '';
  const names = figures
    .rows(oldestTablesPoll)
    .filter((table) => age(table) > limit(row))
    .map(
      (table) => `${displayName(table.schemaname, table.relname)}${table.temporary ? ' (temporary)' : ''}`,
    );
  return names.length === 0 ? '' : `; the oldest tables: ${[...new Set(names)].join(', ')}`;
}

function remedy({ datname, connectable }: DatabaseAge, { server }: Facts): Remedy {
  if (server.standby) return { advice: 'Freeze it on the primary: a standby follows.' };
  if (!connectable)
    return {
      advice: `Nobody can connect to ${datname}, and autovacuum freezes it by itself: see whether it runs, and what holds the horizon.`,
    };
  if (datname !== server.database)
    return {
      advice: `Connect to ${datname} and freeze what is due: pgdeck vacuum --due --freeze. First end what holds the horizon: nothing newer is frozen.`,
    };
  return {
    operation: 'vacuum',
    input: { due: true, freeze: true },
    cost: 'Reads and writes go on; it reads and writes much. End what holds the horizon first, for nothing newer is frozen.',
  };
}
