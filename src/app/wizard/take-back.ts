import { withConnection } from '../../ops/engine/connection.ts';
import type { OperationEntry } from '../../ops/engine/operation.ts';
import { entryOf } from '../../ops/registry.ts';
import { splitWords } from '../../text/shell.ts';
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
  if (meant) openWizard(deck, meant.entry, { words: meant.words });
  else deck.copy(withConnection(command, connection), 'The command was');
}

/** The operation that a command of pgdeck names, and what it is given; undefined for any other, and for several. */
export function meantBy(
  command: string,
): { readonly entry: OperationEntry; readonly words: readonly string[] } | undefined {
  if (!command.startsWith('pgdeck ') || /&&|[;|<>`$\n]/.test(command)) return undefined;
  const [first = '', second = '', ...rest] = splitWords(command.slice('pgdeck '.length)) ?? [];
  const long = entryOf(`${first} ${second}`);
  const entry = long ?? entryOf(first);
  if (entry === undefined || entry.ownKeys === true) return undefined;
  return { entry, words: long === undefined ? [second, ...rest].filter((word) => word !== '') : rest };
}

/** A command that is only copied changes nothing. */
export function commandDisabled(deck: Deck, command: string): string | undefined {
  const meant = meantBy(command);
  return meant && operationDisabled(deck, meant.entry);
}
