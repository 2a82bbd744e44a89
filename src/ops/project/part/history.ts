import { z } from 'zod';
import { leftBehind, listRuns, type Run } from '../../engine/journal/runs.ts';
import { type Here, isOnServer } from '../../engine/journal/server.ts';
import type { OpContext } from '../../engine/operation.ts';

const aboutSchema = z.object({ database: z.string(), oid: z.number().nullable() });

/** What the journal knows of earlier runs of one operation about one database. */
export interface History {
  /** Newest first; without those that were taken back. */
  readonly runs: readonly Run[];
  /** What they have done, newest first. */
  readonly parts: readonly Run[];
  /** Parts that were killed and have left something. */
  readonly left: readonly Run[];
  /** One that works right now. */
  readonly running: Run | undefined;
}

/**
 * Earlier runs about a database of this server. `oid`: the database that there is now; runs about another one of its
 * name are passed over; null: there is none, undefined: whichever it was.
 */
export function historyOf(
  { journal }: Pick<OpContext, 'journal'>,
  here: Here,
  about: { readonly operation: string; readonly database: string; readonly oid: number | null | undefined },
): History {
  const all = listRuns(journal);
  const runs = all.filter((run) => {
    if (run.operation !== about.operation || run.input.database !== about.database) return false;
    if (run.undone_by !== null || !isOnServer(run, here)) return false;
    const known = aboutOf(run);
    return about.oid === undefined || known === null || known === about.oid;
  });
  const ids = new Set(runs.map(({ id }) => id));
  const parts = all.filter(({ part_of }) => part_of !== undefined && ids.has(part_of));
  return {
    runs,
    parts,
    left: parts.filter(leftBehind).reverse(),
    running: runs.find(({ status }) => status === 'running'),
  };
}

/** The database that a run was about; null where it was not there yet, or the run was killed before. */
function aboutOf({ facts }: Run): number | null {
  return aboutSchema.safeParse(facts.about).data?.oid ?? null;
}

/** Whether a step of a run came to its end. */
export function stepDone(run: Run, id: string): boolean {
  const at = run.steps.findIndex((step) => step.id === id);
  return (
    at >= 0 && run.events.some((event) => event.type === 'finish' && event.step === at && event.ok === true)
  );
}

/** Whether a step of a run was begun. */
export function stepBegun(run: Run, id: string): boolean {
  const at = run.steps.findIndex((step) => step.id === id);
  return at >= 0 && run.events.some((event) => event.type === 'start' && event.step === at);
}
