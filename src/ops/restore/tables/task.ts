import type { Session } from '../../../db/session.ts';
import type { Check } from '../../engine/plan.ts';
import { type ForeignKey, foreignKeys, type LiveTable } from '../queries/tables.ts';
import { topologicalOrder } from './order.ts';
import { cascades, losing } from './sql/cascades.ts';
import type { Task } from './sql/script.ts';
import { type Gone, type Mode, stagingName, type Unit, type Wanted } from './unit.ts';

/** A table of the backup beside the live one of its name. */
export function unitOf(wanted: Wanted, live: LiveTable, number: number, replicates: boolean): Unit {
  const writable = new Set(live.columns.filter(({ generated }) => !generated).map(({ name }) => name));
  const [first] = wanted.blocks;
  return {
    ...wanted,
    live,
    staging: stagingName(number),
    columns: (first?.columns ?? []).filter((column) => writable.has(column)),
    primary: live.keys.find(({ primary }) => primary),
    keys: live.keys.filter(({ local }) => !local),
    others: live.keys.filter(({ primary }) => !primary),
    released: replicates && !live.replica_only,
  };
}

/** Whether this role may keep triggers from firing: superusers may, and from 15 on whoever was granted it. */
export async function mayReplicate(session: Session): Promise<boolean> {
  const { server } = session;
  if (server.rights.superuser) return true;
  if (server.major < 15) return false;
  const [row] = await session.sql("SELECT has_parameter_privilege('session_replication_role', 'SET') AS may");
  return row?.may === true;
}

/** Brings tables in order by their foreign keys, and decides which of those have to wait for the end. */
export async function taskOf(
  session: Session,
  units: readonly Unit[],
  gone: readonly Gone[],
  mode: Mode,
): Promise<{ task: Task; checks: Check[] }> {
  const related = await relatedKeys(session, units);
  const { sequence, circle } = topologicalOrder(units.length, inside(units, related));
  const ordered = sequence.flatMap((at) => units[at] ?? []);
  const circleOf = new Map(units.map((unit, at) => [unit.live.oid, circle[at]]));
  const deferred = related.filter((key) => needsDeferring(key, ordered, circleOf, mode));
  const known = mode === 'replace' && ordered.every(({ primary }) => primary !== undefined);
  return {
    task: {
      mode,
      units: ordered,
      gone,
      deferred,
      related,
      cascades: known ? cascades(ordered, related) : [],
      major: session.server.major,
    },
    checks: ownership(ordered, deferred),
  };
}

/** Foreign keys from and to the tables, and to everything that loses rows with theirs. */
async function relatedKeys(session: Session, units: readonly Unit[]): Promise<ForeignKey[]> {
  let oids = units.map(({ live }) => live.oid);
  for (;;) {
    const keys = oids.length === 0 ? [] : await session.run(foreignKeys, oids);
    const reached = losing(keys, oids);
    if (reached.length === oids.length) return keys;
    oids = reached;
  }
}

function inside(units: readonly Unit[], keys: readonly ForeignKey[]): { from: number; to: number }[] {
  const at = new Map(units.map(({ live }, index) => [live.oid, index]));
  return keys.flatMap(({ from, to }) => {
    const [child, parent] = [at.get(from), at.get(to)];
    return child === undefined || parent === undefined ? [] : [{ from: child, to: parent }];
  });
}

/**
 * A foreign key between chosen tables that does not hold after every statement, only at the end: within a circle, or
 * where rows of the parent leave before those of the child are written.
 */
function needsDeferring(
  key: ForeignKey,
  units: readonly Unit[],
  circle: ReadonlyMap<string, number | undefined>,
  mode: Mode,
): boolean {
  const parent = units.find(({ live }) => live.oid === key.to);
  if (key.deferrable || parent === undefined || !circle.has(key.from)) return false;
  if (key.from !== key.to && circle.get(key.from) === circle.get(key.to)) return true;
  if (mode === 'skip_existing') return false;
  // rows are updated before new ones come, and those in the way go first: see script.ts
  if (parent.others.length > 0 && (mode === 'replace' || key.from === key.to)) return true;
  return !key.to_primary;
}

function ownership(units: readonly Unit[], deferred: readonly ForeignKey[]): Check[] {
  const triggers = units.filter(({ live }) => live.triggers.length > 0 && !live.owned);
  const lacking = [
    ...triggers.map(({ shown }) => `the triggers of ${shown}`),
    ...deferred.filter(({ owned }) => !owned).map(({ name, relation }) => `${name} of ${relation}`),
  ];
  if (lacking.length === 0) return [];
  return [
    {
      title: 'Ownership',
      status: 'block',
      detail: `Only their owner may switch off ${lacking.join(', ')} meanwhile. Connect as the owner.`,
    },
  ];
}
