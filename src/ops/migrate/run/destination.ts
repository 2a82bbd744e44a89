import { migrateErrors } from '../errors.ts';
import type { Migration } from '../files/migration.ts';
import type { Migrations } from '../files/migrations.ts';
import { isRepeatable } from '../formats/shared/repeatable.ts';
import type { Destination, Direction, Item, Only, Status } from '../types.ts';
import { migrationMeant } from '../version.ts';
import { runErrors } from './errors.ts';

/**
 * The versions that a direction and a destination mean, in the order they are run. Down without a destination is one
 * step. Throws {@link OpError} for a destination that is not there, and for a way down that leads over a migration that
 * cannot go down: then none of it is done.
 */
export function versionsFor(
  { items }: Status,
  direction: Direction,
  to: Destination | Only,
  { directory, migrations }: Pick<Migrations, 'directory' | 'migrations'>,
): readonly string[] {
  const ways = new Map(migrations.map((migration) => [migration.version, migration]));
  if (to.kind === 'only') return onlyThose(items, to.versions, directory, ways);
  return direction === 'up' ? upTo(items, to, directory) : downTo(items, to, directory, ways);
}

/** Migrations by their version. */
type Ways = ReadonlyMap<string, Pick<Migration, 'down' | 'forgettable'>>;

const waiting = ({ state }: Item): boolean => state === 'pending' || state === 'out_of_order';

function upTo(items: readonly Item[], to: Destination, where: string): string[] {
  if (to.kind === 'base') throw runErrors.baseIsDown();
  const reach = to.kind === 'to' ? items.slice(0, indexOf(items, to.version, where) + 1) : items;
  const found = reach.filter(waiting).map(({ version }) => version);
  return to.kind === 'steps' ? found.slice(0, to.n) : found;
}

function downTo(items: readonly Item[], to: Destination, where: string, ways: Ways): string[] {
  const from = to.kind === 'to' ? indexOf(items, to.version, where) : -1;
  const target = items[from];
  if (target !== undefined && waiting(target)) throw migrateErrors.belowIsUp({ version: target.version });
  const applied = items.slice(from + 1).filter(isBackable);
  const back = applied.toReversed();
  const chosen = to.kind === 'steps' ? back.slice(0, to.n) : to.kind === 'latest' ? back.slice(0, 1) : back;
  return refuseStuck(chosen, ways);
}

/** What is applied and has a place in the order; what is applied anew whenever it changes has none. */
const isBackable = (item: Item): boolean =>
  !waiting(item) && item.state !== 'dirty' && !isRepeatable(item.version);

/** The named ones, the last one first, whatever is applied after them. */
function onlyThose(items: readonly Item[], versions: readonly string[], where: string, ways: Ways): string[] {
  const named = new Set(versions.map((version) => indexOf(items, version, where)));
  const chosen = items.filter((_, at) => named.has(at)).toReversed();
  const other = chosen.find((item) => !isBackable(item));
  if (other !== undefined) {
    const { version } = other;
    throw runErrors.notApplied({ version, repeatable: isRepeatable(version) });
  }
  return refuseStuck(chosen, ways);
}

function refuseStuck(chosen: readonly Item[], ways: Ways): string[] {
  const stuck = chosen.filter(({ reversible, version }) => !reversible && !ways.get(version)?.forgettable);
  if (stuck.length > 0)
    throw runErrors.stuck({
      stuck: stuck.map(({ version, state }) => ({
        version,
        without: state === 'missing_file' ? 'file' : 'way down',
        unreadable: ways.get(version)?.down?.error,
      })),
      chosen: chosen.length,
    });
  return chosen.map(({ version }) => version);
}

function indexOf(items: readonly Item[], version: string, where: string): number {
  const found = migrationMeant(items, version);
  if (found !== undefined) return items.indexOf(found);
  throw migrateErrors.noMigration({ version, directory: where });
}
