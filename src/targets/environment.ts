/** This program's environment with the changes laid over it; `undefined` removes a variable. */
export function environment(
  changes: Readonly<Record<string, string | undefined>> = {},
): Record<string, string> {
  const all = { ...process.env, ...changes };
  return Object.fromEntries(Object.entries(all).filter((e): e is [string, string] => e[1] !== undefined));
}
