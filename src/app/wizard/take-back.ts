import { withConnection } from '../../ops/engine/connection.ts';
import type { OperationEntry } from '../../ops/engine/operation.ts';
import { entryOf } from '../../ops/registry.ts';
import type { Deck } from '../core/deck.ts';
import { openWizard, operationDisabled } from './flow.ts';

/** `undo`: the command that takes it back, undefined for a run that has left something. What is copied names the server. */
export function takeBackRun(
  deck: Deck,
  id: string,
  undo: string | null | undefined,
  connection: readonly string[],
): void {
  const command = undo === undefined ? `pgdeck recover ${id}` : undo;
  if (command === null) return;
  const meant = meantBy(command);
  if (meant) openWizard(deck, meant.entry, { argument: meant.argument });
  else deck.copy(withConnection(command, connection), 'The command was');
}

/** The operation and its argument that a command of pgdeck names; undefined when there is more to it. */
export function meantBy(
  command: string,
): { readonly entry: OperationEntry; readonly argument: string } | undefined {
  const words = /^pgdeck ([a-z ]+) ([\w.:-]+)$/.exec(command);
  const entry = entryOf(words?.[1] ?? '');
  return entry && entry.ownKeys !== true ? { entry, argument: words?.[2] ?? '' } : undefined;
}

/** A command that is only copied changes nothing. */
export function commandDisabled(deck: Deck, command: string): string | undefined {
  const meant = meantBy(command);
  return meant && operationDisabled(deck, meant.entry);
}
