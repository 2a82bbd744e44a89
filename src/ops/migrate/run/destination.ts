import { OpError } from '../../error.ts';
import type { Destination, Direction, Item, Status } from '../types.ts';

/**
 * The versions that a direction and a destination mean, in the order they are run. Down without a destination is one
 * step. Throws {@link OpError} for a destination that is not there, and for a way down that leads over a migration that
 * cannot go down: then none of it is done.
 */
export function versionsFor(
  { items }: Status,
  direction: Direction,
  to: Destination,
  where: string,
): readonly string[] {
  return direction === 'up' ? upTo(items, to, where) : downTo(items, to, where);
}

const waiting = ({ state }: Item): boolean => state === 'pending' || state === 'out_of_order';

function upTo(items: readonly Item[], to: Destination, where: string): string[] {
  if (to.kind === 'base')
    throw new OpError('refused', 'The base is below every migration.', 'Use: pgdeck migrate down --base');
  const reach = to.kind === 'to' ? items.slice(0, indexOf(items, to.version, where) + 1) : items;
  const found = reach.filter(waiting).map(({ version }) => version);
  return to.kind === 'steps' ? found.slice(0, to.n) : found;
}

function downTo(items: readonly Item[], to: Destination, where: string): string[] {
  const from = to.kind === 'to' ? indexOf(items, to.version, where) : -1;
  const target = items[from];
  if (target !== undefined && waiting(target))
    throw new OpError(
      'refused',
      `${target.version} is not applied, and going down cannot get there.`,
      `Use: pgdeck migrate up --to ${target.version}`,
    );
  const applied = items.slice(from + 1).filter((item) => !waiting(item) && item.state !== 'dirty');
  const back = applied.toReversed();
  const chosen = to.kind === 'steps' ? back.slice(0, to.n) : to.kind === 'latest' ? back.slice(0, 1) : back;
  const stuck = chosen.filter(({ reversible }) => !reversible);
  if (stuck.length > 0)
    throw new OpError(
      'refused',
      `${stuck.map(({ version, state }) => `${version} has no ${state === 'missing_file' ? 'file' : 'way down'}`).join(', ')}: none of the ${chosen.length === 1 ? 'migration' : `${chosen.length} migrations`} is taken back.`,
      'Write what takes it back, or restore a backup: pgdeck backups list',
    );
  return chosen.map(({ version }) => version);
}

function indexOf(items: readonly Item[], version: string, where: string): number {
  const exact = items.findIndex((item) => item.version === version);
  if (exact >= 0) return exact;
  const named = items.filter((item) => item.name === version || item.file === version);
  const [only] = named;
  if (only !== undefined && named.length === 1) return items.indexOf(only);
  throw new OpError(
    'refused',
    `There is no migration ${version} in ${where}.`,
    'See them with: pgdeck migrate status',
  );
}
