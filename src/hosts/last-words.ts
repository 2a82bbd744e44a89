/** How a program that ended says why: a server's levels, and what others begin such a line with. */
const WHY = /\b(?:PANIC|FATAL|ERROR|error|fatal|Error):\s+(.+)$/;
/** What only follows from it. */
const AFTER =
  /aborting startup|database system is (?:shut down|starting up|shutting down)|terminating connection/i;
/** What the system says, at the end of a server's message. */
const SYSTEM =
  /(?:no space left on device|permission denied|read-only file system|input\/output error|disk quota exceeded|cannot allocate memory|address already in use|no such file or directory)\.?$/i;

/** Why a server ended, from the last lines of its log: without time and level; undefined where none says. */
export function reasonIn(lines: readonly string[]): string | undefined {
  return lines
    .map((line) => WHY.exec(line)?.[1]?.trim())
    .findLast((why) => why !== undefined && why !== '' && !AFTER.test(why));
}

/**
 * What is wrong with a place in a few words, shorter and shorter, for where there is one line: what it is at, and why
 * its server ended. Empty where nothing says why.
 */
export function briefly(
  name: string,
  trouble: string,
  { state, why }: { readonly state?: string | undefined; readonly why: string | undefined },
): string[] {
  if (why === undefined) return [];
  const system = SYSTEM.exec(why)?.[0];
  return [
    `${trouble.replace(/\.$/, '')}: ${why}`,
    ...(state === undefined ? [] : [`${name} ${state}: ${why}`]),
    `${name}: ${why}`,
    ...(system === undefined
      ? []
      : [...(state === undefined ? [] : [`${name} ${state}: ${system}`]), `${name}: ${system}`]),
  ];
}
