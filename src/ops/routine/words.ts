import type { RoutineItem } from '../../config/routine.ts';
import { shellWord, splitWords } from '../../text/shell.ts';
import { parseInput, problemText, readWords } from '../engine/fields.ts';
import type { AnyOperation, FindOperation, OpContext } from '../engine/operation.ts';

/** What an item does, in a line: also how it is known again when the settings have changed. */
export function workText({ work }: RoutineItem): string {
  switch (work.kind) {
    case 'check':
      return `checks of health: ${work.checks.join(', ')}`;
    case 'operation':
      return `pgdeck ${work.words}`;
    case 'command':
      return `sh -c ${shellWord(work.command)}`;
    case 'checklist':
      return `a list to go through: ${work.list}`;
  }
}

/** An operation with what it is given. */
export interface Meant {
  readonly operation: AnyOperation;
  readonly input: Record<string, unknown>;
}

/** Those of an item. They would begin themselves again, or have to be decided by a person each time. */
const NEVER = ['maintain', 'undo', 'recover'];

/** The operation that words mean; a sentence where they mean none, or one that a routine cannot begin. */
export async function meantBy(text: string, operations: FindOperation): Promise<Meant | string> {
  const words = splitWords(text);
  if (words === undefined) return `a quote in "${text}" is not closed`;
  const long = words.slice(0, 2).join(' ');
  const entry = operations(long) ?? operations(words[0] ?? '');
  if (entry === undefined) return `"${text}" is no operation of pgdeck`;
  if (NEVER.includes(entry.id) || entry.ownKeys === true) return `${entry.id} is nothing for a routine`;
  const operation = await entry.load();
  const { input: raw, strange } = readWords(operation, words.slice(entry.id.split(' ').length));
  if (strange.length > 0) return `${entry.id} takes no ${strange.join(' ')}`;
  const parsed = parseInput(operation, raw);
  if (parsed.ok) return { operation, input: parsed.input };
  const { field, message } = parsed.problems[0] ?? { field: undefined, message: 'it cannot be read' };
  return `${entry.id}: ${problemText(field, message).replace(/\.$/, '')}`;
}

/** What an item's operation needs that is not set up, in a few words; undefined where it has all. */
export function notSetUp(
  { work }: RoutineItem,
  { cleanup, backup }: Pick<OpContext, 'cleanup' | 'backup'>,
): string | undefined {
  if (work.kind !== 'operation') return undefined;
  const { words } = work;
  const is = (command: string) => words === command || words.startsWith(`${command} `);
  if (is('backups push') && backup.remote === undefined) return 'no remote set up (backup.remote)';
  if (is('cleanup') && words.includes('--rules') && cleanup.length === 0)
    return 'the profile has no rules (cleanup)';
  if (is('backups prune') && !words.includes('--keep') && backup.keep === undefined)
    return 'no rule is set (backup.keep)';
  return undefined;
}
