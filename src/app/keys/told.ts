import { basename } from 'node:path';
import type { Deck } from '../core/deck.ts';
import { keyFor } from '../core/keys.ts';

/**
 * Says what is wrong with the settings of the console, which has begun without them.
 *
 * @param holds a sentence that says what holds instead
 * @param file the settings, which each fault begins with
 */
export function tellFaults(deck: Deck, holds: string, file: string, faults: readonly string[]): void {
  const [first, ...others] = faults;
  if (first === undefined) return;
  for (const fault of faults) deck.note(fault, 'error', false);
  const log = keyFor(deck, 'help.log') ?? ':message log';
  const more = others.length === 0 ? '' : ` ${others.length} more: ${log}.`;
  // in 80 columns there is room for where it is and why; the whole path is in the log
  const brief = `${basename(file)}${first.slice(file.length).replace(/(?<=^:\d+:\d+: )field "(?:keys\.)?([^"]*)"/, '$1')}`;
  deck.say(`${brief} ${holds}${more}`, 'error');
}
