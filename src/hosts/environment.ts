import { SECRET_VARIABLES } from '../config/secret-variables.ts';

const SECRETS = Object.fromEntries(['PGPASSWORD', ...SECRET_VARIABLES].map((name) => [name, undefined]));

/**
 * This program's environment with the changes laid over it; `undefined` removes a variable. The password is not
 * inherited, and no secret of those who are told outside: most programs need none, and they would stand in their crash
 * dumps and in whatever they start.
 */
export function environment(
  changes: Readonly<Record<string, string | undefined>> = {},
): Record<string, string> {
  const all: Record<string, string | undefined> = { ...process.env, ...SECRETS, ...changes };
  return Object.fromEntries(Object.entries(all).filter((e): e is [string, string] => e[1] !== undefined));
}
