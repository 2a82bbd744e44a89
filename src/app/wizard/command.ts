import type { Resolved } from '../../config/profile.ts';
import { commandWords, shellWord } from '../../ops/fields.ts';
import type { AnyOperation } from '../../ops/operation.ts';

/** Short options of the fields of a connection. */
const OPTIONS: Readonly<Record<string, string>> = { host: '-h', port: '-p', user: '-U', database: '-d' };

/** The command that does the same, for a shell. The password is found, or asked for, as it was here. */
export function commandLine(
  operation: AnyOperation,
  input: Readonly<Record<string, unknown>>,
  resolved: Resolved,
): string {
  return ['pgdeck', ...commandWords(operation, input), ...connectionWords(resolved)].join(' ');
}

/** Which server: its profile with what was given beside it, or every part of the address. */
function connectionWords({ profileName, describe, readOnly, environment }: Resolved): string[] {
  const given = describe.filter(
    ({ field, from }) => OPTIONS[field] && (profileName === undefined || from === OPTIONS[field]),
  );
  return [
    ...(profileName === undefined ? [] : ['--profile', shellWord(profileName)]),
    ...given.flatMap(({ field, value }) => [OPTIONS[field] ?? '', shellWord(value)]),
    ...(environment === 'production' && !readOnly ? ['--no-read-only'] : []),
  ];
}
