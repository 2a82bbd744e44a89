import { setImmediate as breathe } from 'node:timers/promises';
import { newestRuns, type Run } from '../../ops/engine/journal/runs.ts';
import { entryOf } from '../../ops/registry.ts';
import type { Sent } from '../core/state.ts';

/** Statements and commands that are listed; older ones are in the journal. */
const LISTED = 500;
/** Runs that are looked at for them: most of a journal may be backups, which change nothing. */
const LOOKED_AT = 500;

/** What the journal has of a run that changes its server: the steps that were begun, the first one first. */
export function sentBy(run: Run): readonly Sent[] {
  if (entryOf(run.operation)?.writes !== true) return [];
  return run.steps.flatMap(({ title, preview }, step): Sent[] => {
    const of = (type: string) => run.events.findLast((event) => event.type === type && event.step === step);
    const [start, finish] = [of('start'), of('finish')];
    // what has no text of its own, such as a wait, sends nothing
    if (start === undefined || preview.trim() === '') return [];
    const ended = finish === undefined ? undefined : finish.ok === true;
    return [
      {
        ...{ run: run.id, step, at: Date.parse(start.at), operation: run.operation, server: run.server },
        ...{ title, text: preview, ok: ended ?? null, undone: run.undone_by !== null },
      },
    ];
  });
}

/**
 * What pgdeck has sent that changed something, the newest first: by the journal, and what this console has sent that the
 * journal lacks. Never throws: what cannot be read is not listed.
 */
export async function readSent(
  directory: string | undefined,
  own: readonly Sent[],
): Promise<readonly Sent[]> {
  const listed: Sent[] = [];
  let looked = 0;
  for (const run of directory === undefined ? [] : newestRuns(directory)) {
    listed.push(...sentBy(run));
    looked += 1;
    if (listed.length >= LISTED || looked >= LOOKED_AT) break;
    // a run may have written much, and keys go first
    await breathe();
  }
  const known = new Set(listed.map(keyOf));
  return [...listed, ...own.filter((sent) => !known.has(keyOf(sent)))]
    .sort((a, b) => b.at - a.at || b.step - a.step)
    .slice(0, LISTED);
}

const keyOf = ({ run, step }: Sent): string => `${run} ${step}`;
