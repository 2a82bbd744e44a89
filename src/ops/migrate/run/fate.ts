import type { Direction, Fates, ToolEnd } from '../types.ts';

/** How many versions are named before the rest is a number. */
const NAMED = 4;

/**
 * What is known of those that a failed run has not moved: `Not applied: 2, 3.` Empty where nobody knows whether the one
 * that failed is, as when its COMMIT was not answered.
 */
export function unmovedText(direction: Direction, unmoved: readonly string[], fates: Fates): string {
  const [failed] = unmoved;
  if (failed === undefined) return '';
  const fate = fates.get(failed);
  if (fate === 'unknown') return '';
  const [whole, half] = direction === 'up' ? ['Not applied', 'begun'] : ['Still applied', 'begun going down'];
  if (fate !== 'half') return `${whole}: ${named(unmoved)}.`;
  const rest = unmoved.slice(1);
  const begun = `${failed} is ${half} and not finished.`;
  return rest.length === 0 ? begun : `${begun} ${whole}: ${named(rest)}.`;
}

/** What is known of the data when a team's tool has failed, and where to look where that is not all of it. */
export function toolText(direction: Direction, database: string, ends: readonly ToolEnd[]): string {
  if (ends.every(({ touched }) => !touched)) return `${database} was not touched.`;
  const verb = direction === 'up' ? 'applied' : 'rolled back';
  if (ends.some(({ moved }) => moved === undefined))
    return `What was ${verb} is not known: look at the tables that it changes, and with pgdeck migrate status.`;
  const moved = ends.flatMap((end) => end.moved ?? []);
  const told =
    moved.length === 0
      ? `By the history nothing was ${verb}.`
      : `By the history ${named(moved)} ${moved.length === 1 ? 'was' : 'were'} ${verb}, and ${moved.length === 1 ? 'is' : 'are'} kept so.`;
  const beside = ends.some(({ failed, touched }) => failed && touched);
  return beside
    ? `${told} What the one that failed did outside a transaction is not known: look at the tables that it changes.`
    : told;
}

function named(versions: readonly string[]): string {
  if (versions.length <= NAMED) return versions.join(', ');
  return `${versions.slice(0, NAMED - 1).join(', ')} and ${versions.length - NAMED + 1} others`;
}
