import type { RunResult } from '../../../../hosts/host.ts';
import type { Direction, Where } from '../../types.ts';
import { pythonWords } from '../shared/failure.ts';
import { shown } from '../shared/step.ts';
import { chunksOf } from './hazards.ts';
import { fingerprint, Memory } from './memory.ts';
import type { AlembicStatus } from './status.ts';
import { callOf, look } from './tool.ts';

interface Wanted {
  readonly direction: Direction;
  readonly target: string;
  readonly versions: readonly string[];
}

export interface Sql {
  /** Undefined: none of it is to be had. */
  readonly text?: string;
  /** Why something of it is not shown. */
  readonly hidden: readonly string[];
  /** Revisions that are not in the text. */
  readonly unread?: readonly string[];
}

const memory = new Memory<RunResult>();

/** Calls for parts of it: each takes a second. */
const MOST_CALLS = 30;

/**
 * The SQL as the tool prints it without a database. A revision that asks the database ends that there: then what comes
 * behind it is asked for by itself, and what is not shown is said.
 */
export async function sqlOf(where: Where, found: AlembicStatus, wanted: Wanted): Promise<Sql> {
  const { direction, target, versions } = wanted;
  const { current } = found;
  const [from] = current;
  if (current.length <= 1) {
    const whole = await ask(where, found, direction, from === undefined ? target : `${from}:${target}`);
    if (whole === undefined) return { hidden: [] };
    if (whole.exitCode === 0) return { text: whole.stdout.trim(), hidden: [] };
    // it does not get as far as a revision: env.py has no offline mode
    if (chunksOf(whole.stdout, direction).length === 0) return { hidden: [`not shown: ${wordsOf(whole)}`] };
    return inParts(where, found, wanted, whole);
  }
  // the offline mode takes one revision to start from
  const parts = await inParts(where, found, wanted, undefined);
  return parts.hidden.length < versions.length
    ? parts
    : { hidden: ['not shown: the history has several heads'] };
}

async function inParts(
  where: Where,
  found: AlembicStatus,
  { direction, target, versions }: Wanted,
  whole: RunResult | undefined,
): Promise<Sql> {
  const texts = new Map<string, string>();
  const hidden = new Map<string, string>();
  const take = (result: RunResult) => {
    const chunks = chunksOf(result.stdout, direction);
    const failed = result.exitCode === 0 ? undefined : chunks.pop();
    for (const { version, sql } of chunks) if (!hidden.has(version)) texts.set(version, sql.trim());
    if (failed !== undefined && !texts.has(failed.version)) hidden.set(failed.version, wordsOf(result));
  };
  if (whole !== undefined) take(whole);
  for (let calls = 0; calls < MOST_CALLS; calls++) {
    const next = versions.find((version) => !texts.has(version) && !hidden.has(version));
    if (next === undefined) break;
    const [parent = 'base'] = found.revisions.find(({ version }) => version === next)?.parents ?? [];
    // up to the end where that is one, else this one alone
    const end = found.current.length > 1 || target.includes('heads') ? undefined : target;
    const ranges =
      direction === 'up'
        ? [`${parent}:${end ?? next}`, `${parent}:${next}`]
        : [`${next}:${end ?? parent}`, `${next}:${parent}`];
    for (const range of new Set(ranges)) {
      const part = await ask(where, found, direction, range);
      if (part === undefined) continue;
      take(part);
      if (texts.has(next) || hidden.has(next)) break;
    }
    if (!texts.has(next) && !hidden.has(next)) hidden.set(next, 'the tool does not print it by itself');
  }
  return {
    text: versions.map((version) => texts.get(version) ?? `-- ${version}: not shown`).join('\n\n'),
    unread: versions.filter((version) => !texts.has(version)),
    hidden: versions.flatMap((version) =>
      texts.has(version) ? [] : [`not shown of ${version}: ${hidden.get(version) ?? 'there are too many'}`],
    ),
  };
}

async function ask(
  where: Where,
  { project, command }: AlembicStatus,
  direction: Direction,
  range: string,
): Promise<RunResult | undefined> {
  if (command === undefined) return undefined;
  const call = callOf(command, project, [direction === 'up' ? 'upgrade' : 'downgrade', range, '--sql']);
  return memory.recall(
    where.context,
    `${await fingerprint(where.host, project)}\n${shown(call)}`,
    () => look(where, project, call),
    // what it dies of is in the files, too
    ({ exitCode }) => exitCode === 0 || exitCode === 1,
  );
}

/** A revision that asks the database gets no answer without one. */
function wordsOf(result: RunResult): string {
  const words = pythonWords(result)?.split('\n')[0] ?? `exit code ${result.exitCode}`;
  return /'NoneType' object/.test(words) ? `it asks the database while it runs (${words})` : words;
}
