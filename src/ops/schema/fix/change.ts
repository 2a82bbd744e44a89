import { additionsOfChange } from './change/additive.ts';
import type { Change } from './change/change.ts';
import { suggestionOf } from './change/suggestion.ts';
import type { Addition } from './statement.ts';
import type { Sides } from './structure.ts';

/** What mends an attribute that is not as expected: by adding, or else as a person may do it. */
export function changeOf(
  change: Change,
  sides: Sides,
): { readonly additions: readonly Addition[]; readonly suggestion: readonly string[] } {
  const additions = additionsOfChange(change, sides) ?? [];
  return { additions, suggestion: additions.length > 0 ? [] : suggestionOf(change, sides) };
}
