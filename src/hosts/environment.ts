/**
 * This program's environment with the changes laid over it; `undefined` removes a variable. The password is not
 * inherited: most programs need none, and it would stand in their crash dumps and in whatever they start.
 */
export function environment(
  changes: Readonly<Record<string, string | undefined>> = {},
): Record<string, string> {
  const all: Record<string, string | undefined> = { ...process.env, PGPASSWORD: undefined, ...changes };
  return Object.fromEntries(Object.entries(all).filter((e): e is [string, string] => e[1] !== undefined));
}
