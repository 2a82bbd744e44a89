import { createHash } from 'node:crypto';
import { migrateErrors } from '../../errors.ts';
import type { Destination, Direction, Item, Problem, State, Status } from '../../types.ts';
import { migrationMeant } from '../../version.ts';
import { adapterErrors } from '../errors.ts';
import type { Applied } from './history.ts';

/** A migration that a tool knows of, in the order it applies them. */
export interface Listed {
  readonly version: string;
  readonly name: string;
  readonly file: string | null;
  readonly reversible: boolean;
}

/** States of migrations that stand in one line: those without a file are put where their version belongs. */
export function lineOf(listed: readonly Listed[], applied: readonly Applied[]): Item[] {
  const rows = new Map(applied.map((row) => [row.version, row]));
  const last = listed.findLastIndex(({ version }) => rows.has(version));
  const items = listed.map((one, at): Item => {
    const row = rows.get(one.version);
    const state: State = row ? 'applied' : at < last ? 'out_of_order' : 'pending';
    return { ...one, state, applied_at: row?.applied_at ?? null };
  });
  const known = new Set(listed.map(({ version }) => version));
  for (const row of applied)
    if (!known.has(row.version)) {
      const later = items.findIndex(({ version }) => version > row.version);
      items.splice(later < 0 ? items.length : later, 0, {
        version: row.version,
        name: row.version,
        state: 'missing_file',
        reversible: false,
        applied_at: row.applied_at,
        file: null,
      });
    }
  return items;
}

export const isApplied = ({ state }: Item): boolean => state === 'applied' || state === 'missing_file';

/** Problems that the states of a line are by themselves. */
export function problemsOf(items: readonly Item[], tool: string): Problem[] {
  return items.flatMap(({ state, version, name }): Problem[] => {
    if (state === 'missing_file')
      return [
        {
          kind: state,
          version,
          message: `${version} is applied, and there is no file of it: get the file back from version control.`,
        },
      ];
    if (state === 'out_of_order')
      return [
        {
          kind: state,
          version,
          message: `${version} ${name} is not applied, though a later one is: see how ${tool} takes that before going up.`,
        },
      ];
    return [];
  });
}

/** The same for the same state of the same migrations. */
export function statusHash({ items, current }: Status): string {
  const state = items.map((item) => [item.version, item.state]);
  return createHash('sha256')
    .update(JSON.stringify([current, state]))
    .digest('hex');
}

/** The migration that a person means: see {@link migrationMeant}; or by the only beginning that fits. */
export function itemFor(items: readonly Item[], wanted: string): Item {
  const exact = migrationMeant(items, wanted);
  if (exact) return exact;
  const begun = items.filter(({ version, name }) => version.startsWith(wanted) || name.startsWith(wanted));
  const [only, ...more] = begun;
  if (wanted !== '' && only && more.length === 0) return only;
  throw more.length > 0
    ? adapterErrors.ambiguous({ beginning: wanted, versions: begun.map(({ version }) => version) })
    : migrateErrors.noMigration({ version: wanted });
}

/** What going up to a destination applies, of migrations in one line. Throws OpError. */
export function chooseUp(items: readonly Item[], to: Destination): Item[] {
  const waiting = items.filter((item) => !isApplied(item));
  switch (to.kind) {
    case 'latest':
      return waiting;
    case 'steps':
      return waiting.slice(0, counted(to.n, waiting.length, 'up'));
    case 'to': {
      const end = items.indexOf(itemFor(items, to.version));
      return waiting.filter((item) => items.indexOf(item) <= end);
    }
    case 'base':
      throw adapterErrors.baseIsDown();
  }
}

/** The same for a tool that applies all that wait, or none. Throws OpError. */
export function chooseAllUp(
  items: readonly Item[],
  to: Destination,
  told: { readonly tool: string; readonly instead: string },
): Item[] {
  const all = chooseUp(items, { kind: 'latest' });
  const chosen = chooseUp(items, to);
  if (chosen.length === 0 || chosen.length === all.length) return chosen;
  throw adapterErrors.allOrNone({ ...told, waiting: all.length, chosen: chosen.length });
}

/** The migration that is to stay, of all there are. Throws OpError for one that is not applied: down does not lead there. */
export function itemThatStays(items: readonly Item[], wanted: string): Item {
  const item = itemFor(items, wanted);
  if (isApplied(item)) return item;
  throw migrateErrors.belowIsUp({ version: item.version });
}

/**
 * What going down takes back, the newest first; `applied` in the order of application, `items` with those that wait.
 * `forgettable`: those without a way down that the tool takes out of its history. Throws OpError when another one has none.
 */
export function chooseDown(
  applied: readonly Item[],
  to: Destination,
  items: readonly Item[],
  forgettable: ReadonlySet<string> = new Set(),
): Item[] {
  const newest = applied.toReversed();
  const chosen = pick();
  refuseWithoutDown(chosen.filter(({ version }) => !forgettable.has(version)));
  return chosen;

  function pick(): Item[] {
    switch (to.kind) {
      case 'steps':
        return newest.slice(0, counted(to.n, newest.length, 'down'));
      case 'to': {
        const { version } = itemThatStays(items, to.version);
        return newest.slice(
          0,
          newest.findIndex((item) => item.version === version),
        );
      }
      case 'base':
        return newest;
      case 'latest':
        throw adapterErrors.noDestination();
    }
  }
}

/** Throws OpError when one of them cannot be taken back: then none is. */
export function refuseWithoutDown(items: readonly Item[]): void {
  const stuck = items.filter(({ reversible }) => !reversible);
  if (stuck.length === 0) return;
  const missing = stuck.filter(({ state }) => state === 'missing_file');
  const versionsOf = (some: readonly Item[]) => some.map(({ version }) => version);
  throw missing.length > 0
    ? adapterErrors.noFile({ versions: versionsOf(missing) })
    : adapterErrors.noWayDown({ versions: versionsOf(stuck) });
}

function counted(n: number, have: number, direction: Direction): number {
  if (n <= have) return n;
  throw adapterErrors.tooManySteps({ n, have, direction });
}

/** The versions that are applied when these have been, or have been taken back. */
export function movedBy(
  applied: ReadonlySet<string>,
  versions: readonly string[],
  direction: Direction,
): Set<string> {
  return direction === 'up'
    ? new Set([...applied, ...versions])
    : new Set([...applied].filter((version) => !versions.includes(version)));
}

/** `1 migration`, `3 migrations`. */
export const migrationsOf = (n: number): string => `${n} ${n === 1 ? 'migration' : 'migrations'}`;
