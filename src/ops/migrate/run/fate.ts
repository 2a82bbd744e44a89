import type { Direction, Fates } from '../types.ts';

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

function named(versions: readonly string[]): string {
  if (versions.length <= NAMED) return versions.join(', ');
  return `${versions.slice(0, NAMED - 1).join(', ')} and ${versions.length - NAMED + 1} others`;
}
