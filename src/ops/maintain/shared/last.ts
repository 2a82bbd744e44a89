import { listRuns, type Run } from '../../engine/journal/runs.ts';

/** How long a step took when it was last done. */
export interface LastTime {
  readonly seconds: number;
  /** When it ended, ISO 8601. */
  readonly at: string;
}

/**
 * The newest time of each step that was done in the same database, by the step's id: what it took then is the best
 * guess there is. `server` is `user@host:port/database`.
 */
export function lastTimes(journal: string, operation: string, server: string): ReadonlyMap<string, LastTime> {
  const times = new Map<string, LastTime>();
  const there = databaseOf(server);
  for (const run of listRuns(journal))
    if (run.operation === operation && databaseOf(run.server) === there)
      for (const [id, time] of stepTimes(run)) if (!times.has(id)) times.set(id, time);
  return times;
}

/** Whoever did it. */
function databaseOf(server: string): string {
  return server.slice(server.indexOf('@') + 1);
}

function stepTimes({ steps, events }: Run): Map<string, LastTime> {
  const begun = new Map<number, number>();
  const times = new Map<string, LastTime>();
  for (const { type, step, at, ok } of events) {
    if (step === undefined) continue;
    if (type === 'start') begun.set(step, Date.parse(at));
    const from = begun.get(step);
    const id = steps[step]?.id;
    if (type === 'finish' && ok === true && from !== undefined && id !== undefined)
      times.set(id, { seconds: (Date.parse(at) - from) / 1000, at });
  }
  return times;
}
