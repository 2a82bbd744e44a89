import type { Deck } from '../core/deck.ts';
import { keyFor } from '../core/keys.ts';

/**
 * Says what is wrong with the settings of the console, which has begun without them.
 *
 * @param holds a sentence that says what holds instead
 */
export function tellFaults(deck: Deck, holds: string, faults: readonly string[]): void {
  const [first, ...others] = faults;
  if (first === undefined) return;
  for (const fault of others) deck.note(fault, 'error', false);
  const log = keyFor(deck, 'help.log') ?? ':message log';
  const more = others.length === 0 ? '' : ` ${others.length} more: ${log}.`;
  deck.say(`${holds} ${first}${more}`, 'error');
}
