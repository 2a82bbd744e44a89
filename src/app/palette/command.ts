import { entryOf } from '../../ops/registry.ts';
import { splitWords } from '../../text/shell.ts';
import { action } from '../core/action.ts';
import type { Action, Deck } from '../core/deck.ts';
import { signalDisabled, signalPids } from '../signal/signal.ts';
import { openWizard, operationDisabled } from '../wizard/flow.ts';

/** What a typed command means, as the command line has it: an operation with what it is given; undefined for any other text. */
export function typedCommand(text: string): Action | undefined {
  const [first = '', second = '', ...more] = splitWords(text) ?? [];
  const long = entryOf(`${first} ${second}`);
  const entry = long ?? entryOf(first);
  const words = long === undefined && second !== '' ? [second, ...more] : more;
  if (entry === undefined || words.length === 0) return undefined;
  const made = (run: (deck: Deck) => void, disabled: (deck: Deck) => string | undefined) =>
    action('run.typed', 'screen', '', `${entry.title}: ${words.join(' ')}`, run, { disabled });
  if (entry.ownKeys !== true)
    return made(
      (deck) => openWizard(deck, entry, { words }),
      (deck) => operationDisabled(deck, entry),
    );
  const { id } = entry;
  if ((id !== 'cancel' && id !== 'terminate') || !words.every((word) => /^[1-9]\d{0,9}$/.test(word)))
    return undefined;
  return made((deck) => signalPids(deck, id, words.map(Number)), signalDisabled);
}
