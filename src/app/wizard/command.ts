import type { Resolved } from '../../config/profile.ts';
import { connectionWords } from '../../ops/engine/connection.ts';
import { commandWords } from '../../ops/engine/fields.ts';
import type { AnyOperation } from '../../ops/engine/operation.ts';
import { shellWord } from '../../text/shell.ts';

/** The command that does the same, for a shell. The password is found, or asked for, as it was here. */
export function commandLine(
  operation: AnyOperation,
  input: Readonly<Record<string, unknown>>,
  resolved: Resolved,
): string {
  return ['pgdeck', ...commandWords(operation, input), ...connectionWords(resolved).map(shellWord)].join(' ');
}
