import type { OperationEntry } from '../../ops/engine/operation.ts';
import type { Deck } from '../core/deck.ts';
import { focusedView, leftOut, targetRows } from '../views/select.ts';
import { type OpenOptions, openWizard } from './flow.ts';

/** Opens an operation on the rows that are marked, and says where some of them are not meant. */
export function openOnRows(deck: Deck, entry: OperationEntry): void {
  const out = leftOut(deck.model, deck.state);
  const options = markedRows(deck, entry);
  openWizard(deck, entry, options);
  if (options.preset !== undefined && out !== undefined) deck.say(out);
}

/** The rows that are marked on the screen, or else the one under the cursor, as an operation's form takes them. */
function markedRows(deck: Deck, { takes }: OperationEntry): OpenOptions {
  const { taken } = focusedView(deck.state);
  if (taken === undefined || !takes?.includes(taken.field)) return {};
  const names = targetRows(deck.model, deck.state)
    .map(taken.name)
    .filter((name) => name !== undefined);
  return names.length === 0 ? {} : { preset: { [taken.field]: names } };
}

/** Of the operations that share a key, the one that is meant by what is on the screen. */
export function meantByKey(
  deck: Deck,
  entries: readonly [OperationEntry, ...OperationEntry[]],
): OperationEntry {
  const field = focusedView(deck.state).taken?.field;
  return (
    entries.find(({ keyOn }) => keyOn !== undefined && keyOn === field) ??
    entries.find(({ keyOn }) => keyOn === undefined) ??
    entries[0]
  );
}
